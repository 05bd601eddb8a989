"""Ringing: handing messages to the channel layer, from async code and, without its cost, from sync.

``async_to_sync`` makes an event loop and a Redis connection for each call (2 ms measured). Sync
code has one loop for all its threads: each in its turn runs it until its own rings are out. A
thread that ran it for all of them would cost as much again as the ring, in switches of threads.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Ring = tuple[str, Message]
"""A group of the channel layer, and the message for it."""

RING_TIMEOUT = 2.0
"""Seconds that ringing may take before it is given up; so long a thread waits for its turn, too."""

_turn = threading.Lock()
_callers_loop: asyncio.AbstractEventLoop | None = None
_resident: asyncio.AbstractEventLoop | None = None
_starting = threading.Lock()
_failing = False
_home_loops: WeakKeyDictionary[Any, asyncio.AbstractEventLoop] = WeakKeyDictionary()


async def aring(rings: Sequence[Ring]) -> None:
    """Send each message to its group; a failure is logged, never raised."""
    layer = get_channel_layer()
    if layer is None:
        logger.error("ring failed: no channel layer is configured, set CHANNEL_LAYERS")
        return
    home = _home_loops.get(layer)
    if home is None or home.is_closed() or home is asyncio.get_running_loop():
        await _ring(layer, rings)
    else:
        try:
            async with asyncio.timeout(RING_TIMEOUT):
                ringing = asyncio.run_coroutine_threadsafe(_ring(layer, rings), home)
                await asyncio.wrap_future(ringing)
        except TimeoutError:
            logger.error("ring failed: the event loop of the in-memory layer does not run")


def ring(rings: Sequence[Ring]) -> None:
    """Do what ``aring`` does, from sync code; returns when the layer has the messages.

    After a failure it does not wait, until the layer has taken something again: a thread that
    serves requests must not stand still for ``RING_TIMEOUT`` at each of them.
    """
    if not _rung_in_turn(rings):
        asyncio.run_coroutine_threadsafe(aring(rings), _resident_loop())


def read_only_by(layer: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Note that the queues of ``layer`` live in ``loop``, so that rings have to be sent there.

    An in-memory layer's queues wake only the loop that waits on them.
    """
    _home_loops[layer] = loop


async def _ring(layer: Any, rings: Sequence[Ring]) -> None:
    global _failing
    try:
        async with asyncio.timeout(RING_TIMEOUT):
            for group, message in rings:
                await _send(layer, group, message)
        _failing = False
    except Exception as error:
        _failing = True
        events = ",".join(sorted({message["id"] for _, message in rings}))
        logger.error("ring failed event=%s layer=%s error=%r", events, type(layer).__name__, error)


async def _send(layer: Any, group: str, message: Message) -> None:
    """Send once more after an error: redis-py 8 hears that a connection ended when it is used.

    An event without an offset could not be told from its repetition, and comes at most once.
    """
    try:
        await layer.group_send(group, message)
    except Exception as error:
        if "offset" not in message.get("events", [message])[0]:
            raise
        logger.info("ring repeated event=%s error=%r", message["id"], error)
        await layer.group_send(group, message)


def _rung_in_turn(rings: Sequence[Ring]) -> bool:
    """Ring in this thread, unless the last ring failed or the turn does not come."""
    global _callers_loop
    if not _turn.acquire(timeout=RING_TIMEOUT):
        return False
    try:
        if _failing:
            return False
        _callers_loop = _callers_loop or asyncio.new_event_loop()
        _callers_loop.run_until_complete(aring(rings))
        return True
    finally:
        _turn.release()


def _resident_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that runs by itself, in a thread."""
    global _resident
    with _starting:
        if _resident is None:
            _resident = asyncio.new_event_loop()
            threading.Thread(
                target=_resident.run_forever, name="realtime-ring", daemon=True
            ).start()
        return _resident


def _close_callers_loop() -> None:
    """A forked child that had it would share its connections, and change what its epoll hears.

    A fork waits for the ring that is under way. The loop is closed in a thread of its own, since
    channels_redis runs it for that, and this thread may be running another one.
    """
    global _callers_loop
    _turn.acquire()
    loop, _callers_loop = _callers_loop, None
    if loop is not None:
        closing = threading.Thread(target=loop.close, name="realtime-ring-close", daemon=True)
        closing.start()
        closing.join(RING_TIMEOUT)


def _begin_as_child() -> None:
    """A forked child has the loops, but not the threads that ran them."""
    global _resident, _starting
    _resident, _starting = None, threading.Lock()
    _home_loops.clear()
    _turn.release()


os.register_at_fork(
    before=_close_callers_loop, after_in_parent=_turn.release, after_in_child=_begin_as_child
)
