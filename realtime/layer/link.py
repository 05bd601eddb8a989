"""The hub's own link to the channel layer, which it probes like any long-lived connection.

A Redis connection whose packets are dropped makes the layer deaf without an error. So the link
sends itself a message every ``PROBE_INTERVAL`` seconds; if that does not come back, it takes a new
instance of the layer and joins its groups again, until it works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from realtime.exceptions import LinkFault
from realtime.layer import backends, messages
from realtime.layer.messages import PROBE_TYPE, Message
from realtime.layer.reading import log_dropped
from realtime.logs import get_logger, shown

logger = get_logger(__name__)

PROBE_INTERVAL = 5.0
"""Seconds between two probes."""
ANSWER_WITHIN = 5.0
"""Seconds that the layer may take for any request.

``asyncio.timeout`` counts them: on Python 3.11, ``wait_for`` can lose a cancellation, and the link
would keep its event loop from ending.
"""
RETRY_AFTER = 1.0
"""Seconds between two attempts to link again."""
REJOIN_AFTER = 3600.0
"""Seconds after which groups are joined again; layers that expire them wait for a day."""


class LayerLink:
    """Reads one channel of the layer and keeps it a member of each of ``groups()``.

    ``on_message`` gets every message but the probes, and must not raise; ``on_repaired`` is called
    when messages may have been lost and the link works again. With a ``shard``, the channel is on
    that server of the layer, and so all of ``groups()`` have to be.
    """

    def __init__(
        self,
        groups: Callable[[], Iterable[str]],
        on_message: Callable[[Message], None],
        on_repaired: Callable[[], None],
        shard: int | None = None,
    ) -> None:
        self._groups = groups
        self._shard = shard
        self._on_message = on_message
        self._on_repaired = on_repaired
        self._layer: Any = None
        self._channel: str | None = None
        self._tried = asyncio.Event()
        self._probe_answered = asyncio.Event()
        self._fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._down_since: float | None = None
        self._dropping: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._run(), name="realtime-layer-link")

    @property
    def is_up(self) -> bool | None:
        """Whether the layer has brought back the last probe; None before the first one."""
        return self._down_since is None if self._tried.is_set() else None

    @property
    def channel(self) -> str | None:
        """The channel that the link reads; None while it is down."""
        return self._channel

    async def join(self, group: str) -> None:
        """Join a group; while the link is down this does nothing, as all are joined later."""
        await self._tried.wait()
        if self._channel is not None:
            await self._request(self._layer.group_add(group, self._channel))

    async def leave(self, group: str) -> None:
        """Leave a group."""
        if self._channel is not None:
            await self._request(self._layer.group_discard(group, self._channel))

    def fault(self, reason: object) -> None:
        """Report that the layer failed: the link is made again."""
        _fail(self._fault, reason)

    async def _request(self, request: Awaitable[None]) -> None:
        """Await a request to the layer; a failure is the link's, not the caller's."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await request
        except Exception as error:
            self.fault(shown(error))

    async def _run(self) -> None:
        while True:
            self._fault = asyncio.get_running_loop().create_future()
            # A layer that was dropped may still complain, which is no fault of the next one.
            backends.on_complaint.set(partial(_fail, self._fault))
            try:
                await self._serve()
            except Exception as error:
                self._log_down(error)
            self._tried.set()
            await asyncio.sleep(RETRY_AFTER)

    async def _serve(self) -> None:
        """Link to the layer and stay until there is a fault, which is raised."""
        self._layer = layer = backends.own_layer()
        backends.watch_complaints_of(layer)
        reader: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                channel = await backends.new_channel(layer, self._shard)
            listen = backends.listening_of(layer)
            if listen is not None:
                listen(channel, self._take, self._failed)
            else:
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
                await self._probe(layer, channel)
                self._log_up()
                self._tried.set()
                await asyncio.wait({self._fault}, timeout=PROBE_INTERVAL)
                if self._fault.done():
                    self._fault.result()

    async def _read(self, layer: Any, channel: str) -> None:
        """Nothing else is awaited here: the in-memory layer drops what is not read immediately."""
        while True:
            try:
                message = await layer.receive(channel)
            except Exception as error:
                if backends.is_receive_timeout(error):
                    continue  # The probe decides.
                self._failed(error)
                if self._fault.done():
                    return
                await asyncio.sleep(0)  # A layer that fails so each time would never wait.
                continue
            self._take(message)

    def _take(self, message: Message) -> None:
        if messages.is_probe(message):
            self._probe_answered.set()
        else:
            self._on_message(message)

    def _failed(self, error: Exception) -> None:
        """Drop what could not be decoded; any other error is a fault."""
        if backends.is_unreadable(error):
            log_dropped(error)
        else:
            self.fault(shown(error))

    async def _probe(self, layer: Any, channel: str) -> None:
        self._probe_answered.clear()
        async with asyncio.timeout(ANSWER_WITHIN):
            await layer.send(channel, {"type": PROBE_TYPE})
        answered = asyncio.create_task(self._probe_answered.wait())
        either: set[asyncio.Future[Any]] = {answered, self._fault}
        try:
            await asyncio.wait(either, timeout=ANSWER_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answered.cancel()
        if not self._probe_answered.is_set():
            self.fault(f"a message to itself did not come back in {ANSWER_WITHIN:.0f} s")
            self._fault.result()

    def _log_down(self, error: Exception) -> None:
        if self._down_since is None:
            self._down_since = asyncio.get_running_loop().time()
            if isinstance(error, TimeoutError):
                error = LinkFault(f"it did not answer in {ANSWER_WITHIN:.0f} s")
            reason = str(error) if self._shard is None else f"server {self._shard}: {error}"
            logger.error("channel layer down reason=%r: linking again until it works", reason)

    def _log_up(self) -> None:
        if self._down_since is not None:
            seconds = asyncio.get_running_loop().time() - self._down_since
            groups = len(list(self._groups()))
            logger.warning("channel layer up again after=%.1fs groups=%d", seconds, groups)
            self._down_since = None
            self._on_repaired()


def _fail(fault: asyncio.Future[None], reason: object) -> None:
    if not fault.done():
        fault.set_exception(LinkFault(reason))


async def drop_layer(layer: Any, reader: asyncio.Task[None] | None) -> None:
    """Close a layer that may not answer any more."""
    if reader is not None:
        reader.cancel()
        await asyncio.wait({reader}, timeout=ANSWER_WITHIN)
    close = backends.closing_of(layer)
    if close is not None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await close()
        except Exception as error:
            logger.debug("a dropped channel layer was not closed error=%r", error)
