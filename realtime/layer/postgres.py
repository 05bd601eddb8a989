"""A channel layer for PostgreSQL, by ``LISTEN`` and ``NOTIFY``: no other server is needed.

Like the pub/sub layers of Redis it stores nothing: groups are kept in the process that joins them,
and a message for which nobody listens is gone. All that a site sends goes over one channel of
PostgreSQL, since that looks through a list of them for each message that it hands to a process.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from uuid import uuid4
from weakref import WeakSet

from channels.layers import BaseChannelLayer
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS

from realtime.concurrency.per_loop import PerLoop
from realtime.layer.listener import Listener
from realtime.logs import LIMITED, get_logger

__all__ = ["PostgresChannelLayer"]

logger = get_logger(__name__)

RECONNECT_AFTER = 1.0
"""Seconds between two attempts to connect again."""

PART = 7800
"""Bytes of a message in one notification; PostgreSQL takes 7,999 with the name and numbers."""


class PostgresChannelLayer(BaseChannelLayer):  # type: ignore[misc]
    """The channel layer.

    ``database`` is the alias of a database in ``DATABASES``; ``dsn`` a connection string of libpq,
    which goes before it. ``prefix`` is the channel of PostgreSQL's that is used: letters, digits
    and underscores. ``capacity`` messages wait for a consumer that does not receive them, of those
    after them none; ``channel_capacity`` has other numbers for patterns of channels' names.

    Messages are JSON, of any length. Raises ``ImproperlyConfigured`` without psycopg 3.
    """

    extensions = ["groups"]

    def __init__(
        self,
        database: str = DEFAULT_DB_ALIAS,
        dsn: str | None = None,
        prefix: str = "channels",
        capacity: int = 100,
        channel_capacity: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(capacity=capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        if not re.fullmatch(r"\w{1,63}", prefix, re.ASCII):
            raise ImproperlyConfigured(
                f"PostgresChannelLayer's prefix is 1 to 63 letters, digits or _, not {prefix!r}."
            )
        try:
            import realtime.layer.postgres_connection as connecting
        except ImportError as error:
            raise ImproperlyConfigured(
                f'PostgresChannelLayer needs psycopg 3: pip install "psycopg[binary]" ({error}).'
            ) from error
        self._loops = PerLoop(lambda: _LoopLayer(self, connecting, database, dsn, prefix))

    async def send(self, channel: str, message: Mapping[str, Any]) -> None:
        """Send a message to a channel."""
        self.require_valid_channel_name(channel)
        await self._loops.current().send(f"c:{channel}", message)

    async def group_send(self, group: str, message: Mapping[str, Any]) -> None:
        """Send a message to all members of a group."""
        self.require_valid_group_name(group)
        await self._loops.current().send(f"g:{group}", message)

    async def new_channel(self, prefix: str = "specific") -> str:
        """Return the name of a channel that is read in this event loop."""
        channel = f"{prefix}.{uuid4().hex}"
        await self._loops.current().open_channel(channel)
        return channel

    async def receive(self, channel: str) -> Any:
        """Return the next message of a channel; of several who wait one gets it."""
        self.require_valid_channel_name(channel)
        return await self._loops.current().receive(channel)

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel of this event loop a member of a group.

        Raises ``RuntimeError`` for another channel.
        """
        self.require_valid_group_name(group)
        await self._loops.current().join(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """End a membership, if there is one."""
        self._loops.current().leave(group, channel)

    def call_on_message(
        self,
        channel: str,
        on_message: Callable[[Any], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        """Call ``on_message`` with each message to a channel, which nobody receives then.

        ``on_error`` gets what could not be decoded, and errors after which messages are missing.
        Both are called in the event loop and must not raise. Raises ``KeyError`` for a channel that
        ``new_channel`` did not return.
        """
        self._loops.current().listen(channel, Listener(json.loads, on_message, on_error))

    async def close_connections(self) -> None:
        """Close what this event loop has open, and forget its channels and groups."""
        self._loops.current().close()


class _LoopLayer:
    """The layer in one event loop, with one connection."""

    def __init__(
        self,
        layer: PostgresChannelLayer,
        connecting: Any,
        database: str,
        dsn: str | None,
        prefix: str,
    ) -> None:
        self._layer = layer
        self._connecting = connecting
        self._where = database, dsn
        self._prefix = prefix
        self._channels: dict[str, asyncio.Queue[bytes] | Listener] = {}
        self._groups: dict[str, set[str]] = {}
        self._connection: Any = None
        self._lock = asyncio.Lock()
        self._failure: Exception | None = None
        """Why the last attempt to connect failed that did."""
        self._reconnecting: asyncio.Task[None] | None = None
        self._numbers = count()
        self._parts: list[bytes] = []
        self._parts_of: tuple[bytes, bytes] | None = None
        _closing.current().layers.add(self)

    async def send(self, target: str, message: Mapping[str, Any]) -> None:
        text = json.dumps(message, separators=(",", ":")).encode("ascii")
        parts = [text[start : start + PART] for start in range(0, len(text), PART)]
        number = next(self._numbers)  # PostgreSQL drops what is equal in one transaction.
        head, last = f"{target} {number}".encode("ascii"), len(parts) - 1
        payloads = [b"%s %d/%d %s" % (head, place, last, part) for place, part in enumerate(parts)]
        connection = self._connection
        if connection is None or not connection.is_open:
            connection = await self._connected(listens=False)
        await connection.notify(payloads)

    async def open_channel(self, channel: str) -> None:
        self._channels[channel] = asyncio.Queue(self._layer.get_capacity(channel))
        try:
            await self._connected(listens=True)
        except BaseException:
            self._channels.pop(channel, None)
            raise

    async def receive(self, channel: str) -> Any:
        if channel not in self._channels:
            await self.open_channel(channel)
        queue = self._channels[channel]
        assert isinstance(queue, asyncio.Queue), "call_on_message has the messages of this channel"
        while True:
            try:
                text = await queue.get()
            except (asyncio.CancelledError, GeneratorExit):
                # A consumer that ends is cancelled here; Channels says it in no other way.
                self._channels.pop(channel, None)
                raise
            try:
                return json.loads(text)
            except ValueError as error:
                logger.error("message dropped channel=%s error=%r", channel, error, extra=LIMITED)

    def listen(self, channel: str, listener: Listener) -> None:
        waiting = self._channels[channel]
        self._channels[channel] = listener
        while isinstance(waiting, asyncio.Queue) and not waiting.empty():
            listener.put_nowait(waiting.get_nowait())

    async def join(self, group: str, channel: str) -> None:
        if channel not in self._channels:
            raise RuntimeError(f"group_add takes a channel of its own event loop, not {channel!r}.")
        self._groups.setdefault(group, set()).add(channel)
        await self._connected(listens=True)

    def leave(self, group: str, channel: str) -> None:
        members = self._groups.get(group, set())
        members.discard(channel)
        if not members:
            self._groups.pop(group, None)

    def close(self) -> None:
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        if self._connection is not None:
            self._connection.close()
        self._connection = self._reconnecting = None
        self._channels.clear()
        self._groups.clear()

    async def _connected(self, listens: bool) -> Any:
        """Return the connection; one that only notifies is replaced when others are to be heard.

        Who waits while another tries to connect fails with it: a server that does not answer would
        keep each of them waiting in turn.
        """
        failure = self._failure
        async with self._lock:
            before = self._connection
            if before is not None and before.is_open and (before.listens or not listens):
                return before
            if self._failure is not None and self._failure is not failure:
                raise self._failure
            options = self._connecting.parameters(*self._where)
            try:
                self._connection = await self._connecting.Connection.open(
                    options, self._prefix, self._take, self._on_lost, listens=listens
                )
            except self._connecting.psycopg.Error as error:
                self._failure = error
                raise
            if before is not None:
                before.retire()
            return self._connection

    def _take(self, payload: bytes) -> None:
        try:
            target, number, place, text = payload.split(b" ", 3)
            channels = self._channels_of(target.decode("ascii"))
            if channels and (whole := self._whole((target, number), place, text)) is not None:
                for channel in channels:
                    self._put(channel, whole)
        except ValueError as error:
            self._failed(error)

    def _channels_of(self, target: str) -> list[str]:
        kind, _, name = target.partition(":")
        members = self._groups.get(name, ()) if kind == "g" else (name,)
        return [one for one in members if one in self._channels]

    def _whole(self, message: tuple[bytes, bytes], place: bytes, text: bytes) -> bytes | None:
        """Take a part of a message; returns the message with its last one.

        They come one after the other. Of one in whose midst the group was joined, the end is left.
        """
        part, last = map(int, place.split(b"/"))
        if part == 0:
            self._parts, self._parts_of = [], message
        elif message != self._parts_of or part != len(self._parts):
            return None
        self._parts.append(text)
        if part < last:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole

    def _put(self, channel: str, text: bytes) -> None:
        try:
            self._channels[channel].put_nowait(text)
        except asyncio.QueueFull:
            logger.error("channel full channel=%s: message dropped", channel, extra=LIMITED)

    def _failed(self, error: Exception) -> None:
        for queue in tuple(self._channels.values()):
            if isinstance(queue, Listener):
                queue.on_error(error)

    def _on_lost(self, error: Exception) -> None:
        """Connect again where somebody listens; messages are missing there."""
        self._parts_of = None
        if self._channels:
            logger.error("channel layer connection lost error=%r: connecting again", error)
            if self._reconnecting is None or self._reconnecting.done():
                reconnect = self._reconnect()
                self._reconnecting = asyncio.create_task(reconnect, name="realtime-layer-reconnect")
            self._failed(error)

    async def _reconnect(self) -> None:
        while True:
            try:
                await self._connected(listens=True)
            except Exception:
                await asyncio.sleep(RECONNECT_AFTER)
            else:
                logger.warning("channel layer connected again")
                return


class _Closing:
    """Closes the layers of an event loop with it: ``async_to_sync`` makes one for each call."""

    def __init__(self) -> None:
        self.layers: WeakSet[_LoopLayer] = WeakSet()
        loop = asyncio.get_running_loop()
        self._close_loop = loop.close
        loop.close = self._close  # type: ignore[method-assign]

    def _close(self) -> None:
        for layer in list(self.layers):
            layer.close()
        self._close_loop()


_closing = PerLoop(_Closing)
