"""The hub's own link to the channel layer, which it pokes like any long-lived connection.

A Redis connection whose packets are dropped makes the layer deaf without an error. So the link
sends itself a message every ``POKE_INTERVAL`` seconds; if that does not come back, it takes a new
instance of the layer and joins its groups again, until it works.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from typing import Any

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer

from realtime.layer.broadcast import Message, read_only_by

logger = logging.getLogger(__name__)

POKE_TYPE = "realtime.poke"
POKE_INTERVAL = 5.0
"""Seconds between two pokes."""
ANSWER_WITHIN = 5.0
"""Seconds that the layer may take for anything that is asked of it.

They are counted with ``asyncio.timeout``: on Python 3.11, ``wait_for`` can lose a cancellation, and
the link would keep its event loop from ending.
"""
RETRY_AFTER = 1.0
"""Seconds between two attempts to link again."""
REJOIN_AFTER = 3600.0
"""Seconds after which groups are joined anew; layers that expire them wait for a day."""

_link: ContextVar[LayerLink | None] = ContextVar("realtime_layer_link", default=None)


class LinkFault(Exception):
    """The layer did not do what it was asked."""


class LayerLink:
    """Reads one channel of the layer and keeps it a member of each of ``groups()``.

    ``on_message`` gets every message but the pokes, and must not raise; ``on_repaired`` is called
    when messages may have been lost and the link works again.
    """

    def __init__(
        self,
        groups: Callable[[], Iterable[str]],
        on_message: Callable[[Message], None],
        on_repaired: Callable[[], None],
    ) -> None:
        self._groups = groups
        self._on_message = on_message
        self._on_repaired = on_repaired
        self._layer: Any = None
        self._channel: str | None = None
        self._tried = asyncio.Event()
        self._poke_answered = asyncio.Event()
        self._fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._down_since: float | None = None
        self._dropping: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._run(), name="realtime-layer-link")

    async def join(self, group: str) -> None:
        """Join a group; while the link is down this does nothing, as all are joined later."""
        await self._tried.wait()
        if self._channel is not None:
            await self._ask(self._layer.group_add(group, self._channel))

    async def leave(self, group: str) -> None:
        """Leave a group."""
        if self._channel is not None:
            await self._ask(self._layer.group_discard(group, self._channel))

    def fault(self, reason: object) -> None:
        """Report that the layer failed: the link is made anew."""
        if not self._fault.done():
            self._fault.set_exception(LinkFault(reason))

    async def _ask(self, request: Awaitable[None]) -> None:
        """Await a request to the layer; a failure is the link's, not the caller's."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await request
        except Exception as error:
            self.fault(repr(error))

    async def _run(self) -> None:
        _link.set(self)
        while True:
            self._fault = asyncio.get_running_loop().create_future()
            try:
                await self._serve()
            except Exception as error:
                self._say_down(error)
            self._tried.set()
            await asyncio.sleep(RETRY_AFTER)

    async def _serve(self) -> None:
        """Link to the layer and stay until there is a fault, which is raised."""
        self._layer = layer = own_layer()
        hear_complaints_of(layer)
        reader: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                channel = await layer.new_channel()
            reader = asyncio.create_task(self._read(layer, channel))
            self._channel = channel
            await self._stay(layer, channel)
        finally:
            self._channel = None
            self._fault.cancel()
            drop = asyncio.create_task(drop_layer(layer, reader))
            self._dropping.add(drop)
            drop.add_done_callback(self._dropping.discard)

    async def _stay(self, layer: Any, channel: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            rejoin_at = loop.time() + REJOIN_AFTER
            for group in list(self._groups()):
                async with asyncio.timeout(ANSWER_WITHIN):
                    await layer.group_add(group, channel)
            while loop.time() < rejoin_at:
                await self._poke(layer, channel)
                self._say_up()
                self._tried.set()
                await asyncio.wait({self._fault}, timeout=POKE_INTERVAL)
                if self._fault.done():
                    self._fault.result()

    async def _read(self, layer: Any, channel: str) -> None:
        """Nothing else is awaited here: the in-memory layer drops what is not read at once."""
        while True:
            try:
                message = await layer.receive(channel)
            except Exception as error:
                if type(error).__name__ == "TimeoutError":
                    continue  # RedisChannelLayer waits no longer for a message: the poke decides.
                self.fault(repr(error))
                return
            if message.get("type") == POKE_TYPE:
                self._poke_answered.set()
            else:
                self._on_message(message)

    async def _poke(self, layer: Any, channel: str) -> None:
        self._poke_answered.clear()
        async with asyncio.timeout(ANSWER_WITHIN):
            await layer.send(channel, {"type": POKE_TYPE})
        answered = asyncio.create_task(self._poke_answered.wait())
        either: set[asyncio.Future[Any]] = {answered, self._fault}
        try:
            await asyncio.wait(either, timeout=ANSWER_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answered.cancel()
        if not self._poke_answered.is_set():
            self.fault(f"a message to itself did not come back in {ANSWER_WITHIN:.0f} s")
            self._fault.result()

    def _say_down(self, error: Exception) -> None:
        if self._down_since is None:
            self._down_since = asyncio.get_running_loop().time()
            if isinstance(error, TimeoutError):
                error = LinkFault(f"it did not answer in {ANSWER_WITHIN:.0f} s")
            logger.error("channel layer down reason=%r: linking again until it works", str(error))

    def _say_up(self) -> None:
        if self._down_since is not None:
            seconds = asyncio.get_running_loop().time() - self._down_since
            groups = len(list(self._groups()))
            logger.warning("channel layer up again after=%.1fs groups=%d", seconds, groups)
            self._down_since = None
            self._on_repaired()


def own_layer() -> Any:
    """Return an instance of the default layer that nobody else uses; in-memory, the shared one."""
    shared = get_channel_layer()
    if shared is None:
        raise LinkFault("no channel layer is configured: set CHANNEL_LAYERS")
    if isinstance(shared, InMemoryChannelLayer):
        read_only_by(shared, asyncio.get_running_loop())
        return shared
    return channel_layers.make_backend(DEFAULT_CHANNEL_LAYER)


async def drop_layer(layer: Any, reader: asyncio.Task[None] | None) -> None:
    """Let go of a layer that may not answer any more."""
    if reader is not None:
        reader.cancel()
        await asyncio.wait({reader}, timeout=ANSWER_WITHIN)
    close = closing_of(layer)
    if close is not None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await close()
        except Exception as error:
            logger.debug("a dropped channel layer was not closed error=%r", error)


def closing_of(layer: Any) -> Callable[[], Awaitable[None]] | None:
    """Return what closes the connections of a layer, None where that is not known.

    ``flush`` does so in the pub/sub layer alone; elsewhere it deletes the groups of everyone.
    """
    if type(layer).__name__ == "RedisPubSubChannelLayer":
        return layer.flush  # type: ignore[no-any-return]
    return getattr(layer, "close_pools", None)


class _Complaints(logging.Filter):
    """Takes what a layer logs inside a link as the fault that it tells of.

    The Redis layers catch the errors of their readers and log each with a traceback, once a
    second. The link hears of the fault at once, and says it in one line.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        link = _link.get()
        if link is None or record.levelno < logging.ERROR:
            return True
        error = record.exc_info[1] if record.exc_info else None
        link.fault(f"{record.getMessage()} {error!r}")
        return False


_complaints = _Complaints()


def hear_complaints_of(layer: Any) -> None:
    """Listen to the logger of the layer's own module."""
    logging.getLogger(type(layer).__module__).addFilter(_complaints)
