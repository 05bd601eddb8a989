"""The two connections of a channel layer to Redis: one that subscribes, and one that publishes.

redis-py opens each of them, with all its options. Then the transport feeds hiredis directly, and no
task reads: redis-py's own reading is a third of what an event for one user costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from realtime.concurrency.rounds import running_round

RECEIVE_BUFFER = 64 * 1024
"""Bytes."""

_INCOMPLETE = object()
"""What hiredis returns until it has all of a reply."""


class _Connection(asyncio.BufferedProtocol):
    """Takes over a ``connection`` that redis-py has opened.

    ``on_lost`` gets the reason when the connection ends, unless ``close`` ended it.
    """

    def __init__(self, connection: Any, on_lost: Callable[[Exception], None]) -> None:
        self.connection = connection
        """redis-py's own, which it closes where nobody holds it."""
        self._on_lost: Callable[[Exception], None] | None = on_lost
        self._round = running_round()
        self._reader = hiredis.Reader(replyError=ResponseError, notEnoughData=_INCOMPLETE)
        # asyncio's TLS receives into slices of it: those of a bytearray itself would be copies.
        self._buffer: Any = memoryview(bytearray(RECEIVE_BUFFER))
        self._writable = asyncio.Event()
        self._writable.set()
        # Only redis-py's parsers are meant to use these two.
        self._transport: asyncio.Transport = connection._writer.transport
        self._streams = self._transport.get_protocol()
        self._transport.set_protocol(self)
        if connection._reader.at_eof():
            self._transport.abort()

    def close(self) -> None:
        """End the connection; ``on_lost`` is not called."""
        self._on_lost = None
        self._transport.abort()

    def get_buffer(self, sizehint: int) -> Any:
        """Return where bytes are received: asyncio makes 256 KiB each time for other protocols."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take the replies that are complete."""
        gets, take = self._reader.gets, self._take
        self._reader.feed(self._buffer, 0, nbytes)
        self._round.hold()
        try:
            while (reply := gets()) is not _INCOMPLETE:
                take(reply)
        finally:
            self._round.release()

    def pause_writing(self) -> None:
        """Have senders wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        """Report the end, to redis-py's streams too: closing them waits for it."""
        self._writable.set()
        self._streams.connection_lost(error)
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None:
            on_lost(error or _ended())

    def _take(self, reply: Any) -> None:
        raise NotImplementedError


class Subscriber(_Connection):
    """Hands over messages of channels.

    ``on_message`` gets the channel's name and the data of each message; ``on_error`` gets errors
    that Redis answers.
    """

    def __init__(
        self,
        connection: Any,
        on_message: Callable[[bytes, bytes], None],
        on_error: Callable[[Exception], None],
        on_lost: Callable[[Exception], None],
    ) -> None:
        super().__init__(connection, on_lost)
        self._on_message = on_message
        self._on_error = on_error

    async def send(self, *command: str) -> None:
        """Send a command; returns when it is on its way, and raises nothing when it is lost."""
        self._transport.write(_packed(command))
        await self._writable.wait()

    def _take(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            self._on_error(reply)
        elif self._on_lost is not None and reply[0] == b"message":
            self._on_message(reply[1], reply[2])


class Publisher(_Connection):
    """Sends commands, of which many may be under way; Redis answers in their order.

    A command may take as long as redis-py's ``socket_timeout`` says.
    """

    def __init__(self, connection: Any, on_lost: Callable[[Exception], None]) -> None:
        super().__init__(connection, on_lost)
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._answered = 0
        self._timeout: float | None = connection.socket_timeout
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_abandoned(self) -> bool:
        """Whether Redis owes answers for which nobody waits any more: it may never give one."""
        return bool(self._waiting) and all(answer.done() for answer in self._waiting)

    async def execute(self, *command: str | bytes) -> Any:
        """Send a command and return Redis's reply.

        Raises ``ConnectionError``, ``TimeoutError`` or ``ResponseError`` of redis-py.
        """
        await self._writable.wait()
        if self._on_lost is None:
            raise _ended()
        self._transport.write(_packed(command))
        answer = self._loop.create_future()
        self._waiting.append(answer)
        self._watch()
        return await answer

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what waits for an answer, which Redis may have carried out."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(error)
        self._fail(ConnectionError(str(error)) if error else _ended())

    def _take(self, reply: Any) -> None:
        if not self._waiting:
            return  # A push that nobody asked for.
        self._answered += 1
        answer = self._waiting.popleft()
        if answer.done():
            return  # Who asked has been cancelled.
        if isinstance(reply, Exception):
            answer.set_exception(reply)
        else:
            answer.set_result(reply)

    def _watch(self) -> None:
        """Look after the timeout whether Redis has answered: one timer for all commands."""
        if self._timer is None and self._timeout is not None:
            self._timer = self._loop.call_later(self._timeout, self._look, self._answered)

    def _look(self, answered_before: int) -> None:
        self._timer = None
        if not self._waiting:
            return
        if self._answered == answered_before:
            self._fail(TimeoutError(f"Redis did not answer in {self._timeout:g} s"))
            self._transport.abort()
        else:
            self._watch()

    def _fail(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, deque()
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)


def _packed(command: tuple[Any, ...]) -> bytes:
    packed: bytes = hiredis.pack_command(command)
    return packed


def _ended() -> ConnectionError:
    return ConnectionError("Redis closed the connection")
