"""Hands messages to the channel layer, from async code and, at little cost, from sync code.

``async_to_sync`` makes an event loop and a Redis connection for each call (2 ms measured). So sync
code uses what the layer has for it. With a layer that has nothing, it has one loop for all its
threads: each in its turn runs it until its own messages are out. A thread that ran it for all of
them would cost as much again, in switches of threads.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from channels.layers import get_channel_layer

from realtime.counters import EVENTS_BROADCAST
from realtime.layer import backends, greenlets, messages
from realtime.layer.messages import GroupMessage, Message
from realtime.logs import get_logger

logger = get_logger(__name__)

TIMEOUT = 2.0
"""Seconds that a broadcast may take before it is given up, and that a thread waits for its turn."""


class Broadcaster:
    """Sends messages to groups, from any thread; a failure is logged, never raised.

    ``timeout`` is in seconds.
    """

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self.is_failing = False
        """Whether the layer failed to take the last message."""
        self._turn = threading.Lock()
        self._callers_loop: asyncio.AbstractEventLoop | None = None
        self._native_loop = greenlets.NativeLoop()
        self._starting = threading.Lock()
        self._background_loop: asyncio.AbstractEventLoop | None = None
        if hasattr(os, "register_at_fork"):  # Windows has no forks.
            os.register_at_fork(
                before=self._close_callers_loop,
                after_in_parent=self._turn.release,
                after_in_child=self._begin_as_child,
            )

    async def abroadcast(self, outgoing: Sequence[GroupMessage]) -> None:
        """Send each message to its group."""
        layer = _layer()
        if layer is None:
            return
        home = backends.home_loop(layer)
        if home is None or home is asyncio.get_running_loop():
            await self._send_all(layer, outgoing)
        else:
            await self._send_all_in(home, layer, outgoing)

    def broadcast(self, outgoing: Sequence[GroupMessage]) -> None:
        """Do what ``abroadcast`` does, from sync code; returns when the layer has the messages.

        After a failure it does not wait, until the layer has taken something again: a thread that
        serves requests must not stand still for ``timeout`` at each of them.
        """
        layer = _layer()
        if layer is None:
            return
        if self.is_failing:
            self._broadcast_in_background(outgoing)
        elif (send := backends.blocking_group_send_of(layer)) is not None:
            self._send_all_blocking(layer, send, outgoing)
        elif greenlets.replace_threads():
            self._native_loop.run(lambda: self.abroadcast(outgoing))
        elif not self._broadcast_in_turn(outgoing):
            self._broadcast_in_background(outgoing)

    async def _send_all_in(
        self, home: asyncio.AbstractEventLoop, layer: Any, outgoing: Sequence[GroupMessage]
    ) -> None:
        sending = asyncio.run_coroutine_threadsafe(self._send_all(layer, outgoing), home)
        try:
            async with asyncio.timeout(self.timeout):
                await asyncio.wrap_future(sending)
        except TimeoutError:
            logger.error("broadcast failed: the event loop of the in-memory layer does not run")

    async def _send_all(self, layer: Any, outgoing: Sequence[GroupMessage]) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                for group, message in outgoing:
                    try:
                        await layer.group_send(group, message)
                    except Exception as error:
                        _require_repeatable(message, error)
                        await layer.group_send(group, message)
            self._sent(outgoing)
        except Exception as error:
            self._failed(layer, outgoing, error)

    def _send_all_blocking(
        self, layer: Any, send: Callable[[str, Message], None], outgoing: Sequence[GroupMessage]
    ) -> None:
        began = time.monotonic()
        try:
            for group, message in outgoing:
                if time.monotonic() - began >= self.timeout:
                    raise TimeoutError
                try:
                    send(group, message)
                except Exception as error:
                    if time.monotonic() - began >= self.timeout:
                        raise
                    _require_repeatable(message, error)
                    send(group, message)
            self._sent(outgoing)
        except Exception as error:
            self._failed(layer, outgoing, error)

    def _sent(self, outgoing: Sequence[GroupMessage]) -> None:
        self.is_failing = False
        EVENTS_BROADCAST.add("sent", messages.count_events(outgoing))

    def _failed(self, layer: Any, outgoing: Sequence[GroupMessage], error: Exception) -> None:
        self.is_failing = True
        EVENTS_BROADCAST.add("failed", messages.count_events(outgoing))
        ids = ",".join(dict.fromkeys(messages.ids(message) for _, message in outgoing))
        name = type(layer).__name__
        logger.error("broadcast failed event=%s layer=%s error=%r", ids, name, error)

    def _broadcast_in_turn(self, outgoing: Sequence[GroupMessage]) -> bool:
        """Send in this thread, unless the last broadcast failed or the turn does not come."""
        if not self._turn.acquire(timeout=self.timeout):
            return False
        try:
            if self.is_failing:
                return False
            self._callers_loop = self._callers_loop or asyncio.new_event_loop()
            self._callers_loop.run_until_complete(self.abroadcast(outgoing))
            return True
        finally:
            self._turn.release()

    def _broadcast_in_background(self, outgoing: Sequence[GroupMessage]) -> None:
        if greenlets.replace_threads():
            self._native_loop.start(lambda: self.abroadcast(outgoing))
        else:
            loop = self._running_background_loop()
            asyncio.run_coroutine_threadsafe(self.abroadcast(outgoing), loop)

    def _running_background_loop(self) -> asyncio.AbstractEventLoop:
        """Return a loop that a thread of its own runs."""
        with self._starting:
            if self._background_loop is None:
                self._background_loop = loop = asyncio.new_event_loop()
                threading.Thread(
                    target=loop.run_forever, name="realtime-broadcast", daemon=True
                ).start()
            return self._background_loop

    def _close_callers_loop(self) -> None:
        """Close the loop before a fork: the child would share its connections and its epoll.

        A fork waits for the broadcast that is under way. The loop is closed in a thread of its own,
        since channels_redis runs it for that, and this thread may be running another one.
        """
        self._turn.acquire()
        self._native_loop.close()
        loop, self._callers_loop = self._callers_loop, None
        if loop is not None:
            closing = threading.Thread(
                target=loop.close, name="realtime-broadcast-close", daemon=True
            )
            closing.start()
            closing.join(self.timeout)

    def _begin_as_child(self) -> None:
        """Drop the background loop: a forked child has it, but not the thread that ran it."""
        self._background_loop, self._starting = None, threading.Lock()
        self._native_loop.begin_as_child()
        self._turn.release()


def _layer() -> Any:
    layer = get_channel_layer()
    if layer is None:
        logger.error("broadcast failed: no channel layer is configured, set CHANNEL_LAYERS")
    return layer


def _require_repeatable(message: Message, error: Exception) -> None:
    """Raise an error after which a message may not be sent once more, as other errors allow.

    redis-py 8 finds an ended connection when it uses it. An event without an offset looks like its
    repetition, and so it is sent once at most.
    """
    if not messages.is_logged(message):
        raise error
    logger.info("broadcast repeated event=%s error=%r", messages.ids(message), error)


_broadcaster = Broadcaster()
broadcast = _broadcaster.broadcast
abroadcast = _broadcaster.abroadcast
