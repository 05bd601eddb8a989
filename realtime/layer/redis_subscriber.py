"""A connection to Redis that only subscribes: from its bytes to a callback, without a task.

redis-py opens the connection, with all its options. Its transport then feeds hiredis directly:
redis-py's own reading of a message is a third of what an event for one user costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError

_INCOMPLETE = object()
"""What hiredis returns until it has all of a reply."""


class Subscriber(asyncio.Protocol):
    """Reads the messages of a connection that redis-py has opened.

    ``on_message`` gets a channel's name and the data of each message. ``on_error`` gets Redis's
    errors. ``on_lost`` gets the reason when the connection ends, unless ``close`` ended it.
    """

    def __init__(
        self,
        connection: AbstractConnection,
        on_message: Callable[[bytes, bytes], None],
        on_error: Callable[[Exception], None],
        on_lost: Callable[[Exception], None],
    ) -> None:
        self._connection = connection
        self._on_message = on_message
        self._on_error = on_error
        self._on_lost: Callable[[Exception], None] | None = on_lost
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._writable = asyncio.Event()
        self._writable.set()
        # redis-py shows its streams to its parsers alone.
        streams = cast(Any, connection)
        self._transport: asyncio.Transport = streams._writer.transport
        self._streams = self._transport.get_protocol()
        self._transport.set_protocol(self)
        if streams._reader.at_eof() or self._transport.is_closing():
            raise ConnectionError("Redis closed the connection")

    async def send(self, *command: str) -> None:
        """Send a command; returns when it is on its way, and raises nothing when it is lost."""
        self._transport.write(b"".join(self._connection.pack_command(*command)))
        await self._writable.wait()

    def close(self) -> None:
        """End the connection; nothing is called any more."""
        self._on_lost = None
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hand over the messages that are complete."""
        gets = self._reader.gets
        self._reader.feed(data)
        while (reply := gets()) is not _INCOMPLETE:
            if self._on_lost is None:
                return
            if isinstance(reply, list) and reply[0] == b"message":
                self._on_message(reply[1], reply[2])
            elif isinstance(reply, Exception):
                self._on_error(reply)

    def pause_writing(self) -> None:
        """Have senders wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        """Report the end, to redis-py's streams too, whose closing waits for it."""
        self._writable.set()
        self._streams.connection_lost(error)
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None:
            on_lost(error or ConnectionError("Redis closed the connection"))
