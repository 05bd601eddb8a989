"""The channel layer for PostgreSQL in one event loop: its connection, channels and groups."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from weakref import WeakSet

import psycopg

from realtime.concurrency.per_loop import PerLoop
from realtime.layer.listener import Listener
from realtime.layer.postgres_connection import Connection
from realtime.layer.postgres_options import parameters
from realtime.layer.postgres_payloads import Joined, part_in, payloads
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

RECONNECT_AFTER = 1.0
"""Seconds between two attempts to connect again."""


class LoopLayer:
    """The layer in one event loop, with one connection."""

    def __init__(
        self,
        capacity_of: Callable[[str], int],
        database: str,
        dsn: str | None,
        prefix: str,
    ) -> None:
        self._capacity_of = capacity_of
        self._where = database, dsn
        self._prefix = prefix
        self._channels: dict[str, asyncio.Queue[bytes] | Listener] = {}
        self._groups: dict[str, set[str]] = {}
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._failure: Exception | None = None
        """Why the last attempt to connect failed that did."""
        self._reconnecting: asyncio.Task[None] | None = None
        self._numbers = count()  # PostgreSQL drops what is equal in one transaction.
        self._joined = Joined()
        _closing.current().layers.add(self)

    async def send(self, target: str, message: Mapping[str, Any]) -> None:
        text = json.dumps(message, separators=(",", ":")).encode("ascii")
        parts = payloads(target, next(self._numbers), text)
        connection = self._connection
        if connection is None or not connection.is_open:
            connection = await self._connected(listens=False)
        await connection.notify(parts)

    async def open_channel(self, channel: str) -> None:
        self._channels[channel] = asyncio.Queue(self._capacity_of(channel))
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

    async def _connected(self, listens: bool) -> Connection:
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
            options = parameters(*self._where)
            try:
                self._connection = await Connection.open(
                    options, self._prefix, self._take, self._on_lost, listens=listens
                )
            except psycopg.Error as error:
                self._failure = error
                raise
            if before is not None:
                before.retire()
            return self._connection

    def _take(self, payload: bytes) -> None:
        try:
            part = part_in(payload)
            channels = self._channels_of(part.target)
            if channels and (whole := self._joined.take(part)) is not None:
                for channel in channels:
                    self._put(channel, whole)
        except ValueError as error:
            self._failed(error)

    def _channels_of(self, target: str) -> list[str]:
        kind, _, name = target.partition(":")
        members = self._groups.get(name, ()) if kind == "g" else (name,)
        return [one for one in members if one in self._channels]

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
        self._joined.forget()
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
        self.layers: WeakSet[LoopLayer] = WeakSet()
        loop = asyncio.get_running_loop()
        self._close_loop = loop.close
        loop.close = self._close  # type: ignore[method-assign]

    def _close(self) -> None:
        for layer in list(self.layers):
            layer.close()
        self._close_loop()


_closing = PerLoop(_Closing)
