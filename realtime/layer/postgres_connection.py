"""A connection of a channel layer to PostgreSQL, which listens and notifies.

psycopg opens it, with all options of libpq. Then the event loop feeds libpq directly, and no task
reads: psycopg's own connection can't send while it waits for notifications, and one whose query is
given up asks the server to cancel it, and waits for a server that may be gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.pq import ExecStatus, Format

from realtime.concurrency.rounds import running_round
from realtime.exceptions import LinkFault
from realtime.layer.postgres_payloads import text_array

ANSWER_WITHIN = 5.0
"""Seconds that PostgreSQL may take for a statement."""

COMES_BACK_WITHIN = 2.0
"""Seconds that a notification may take from one connection to another."""


_NOTIFY = "SELECT pg_notify('{}', payload) FROM unnest($1::text[]) AS payload"


class Connection:
    """One that is open, in the event loop that opened it."""

    def __init__(
        self,
        connection: psycopg.AsyncConnection[Any],
        channel: str,
        on_message: Callable[[bytes], None],
    ) -> None:
        self.listens = False
        """Whether notifications come."""
        self._connection = connection  # It ends what nobody holds any more.
        self._pgconn = connection.pgconn
        self._listen_statement = f'LISTEN "{channel}"'.encode()
        self._notify_statement = _NOTIFY.format(channel).encode()
        self._on_message = on_message
        self._on_lost: Callable[[Exception], None] | None = _ignore
        self._is_retired = False
        self._expected: tuple[bytes, asyncio.Future[None]] | None = None
        self._outgoing: list[tuple[Sequence[bytes], asyncio.Future[None]]] = []
        self._asking: list[asyncio.Future[None]] = []
        """Who waits for the answer to the statement that is under way."""
        self._error: Exception | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._round = running_round()
        self._loop = asyncio.get_running_loop()
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._read)

    @classmethod
    async def open(
        cls,
        options: Mapping[str, Any],
        channel: str,
        on_message: Callable[[bytes], None],
        on_lost: Callable[[Exception], None],
        *,
        listens: bool,
    ) -> Connection:
        """Connect, and listen on request.

        ``on_message`` gets each payload; ``on_lost`` the reason when the connection ends later,
        unless ``close`` ended it. Neither may raise.

        Raises errors of psycopg, and ``LinkFault`` where what is notified does not come back.
        """
        connection = await psycopg.AsyncConnection.connect(autocommit=True, **options)
        opened = cls(connection, channel, on_message)
        if listens:
            try:
                await opened._listen(options, channel)
            except BaseException:
                opened.close()
                raise
        if not opened.is_open:
            raise _ended()
        opened._on_lost = on_lost
        return opened

    @property
    def is_open(self) -> bool:
        """Whether it has not ended yet."""
        return self._on_lost is not None

    async def notify(self, payloads: Sequence[bytes]) -> None:
        """Notify all who listen, in one transaction; no two payloads may be equal.

        What many callers send at one moment goes together. Raises errors of psycopg.
        """
        if not self.is_open:
            raise _ended()
        answer = self._loop.create_future()
        self._outgoing.append((payloads, answer))
        self._send()
        await answer

    def retire(self) -> None:
        """Close the connection as soon as nothing is under way."""
        self._is_retired = True
        if not self._asking:
            self.close()

    def close(self) -> None:
        """End the connection; ``on_lost`` is not called."""
        self._end(_ended())

    async def _listen(self, options: Mapping[str, Any], channel: str) -> None:
        """Listen, and see that what others notify comes: a pooler answers ``LISTEN`` as well."""
        answer = self._loop.create_future()
        self._ask(self._listen_statement, None, [answer])
        await answer
        self.listens = True
        mark = f"c:{uuid4().hex} 0 0/0 ".encode()  # To all others, for a channel that they lack.
        self._expected = mark, self._loop.create_future()
        other = await Connection.open(options, channel, _ignore, _ignore, listens=False)
        try:
            await other.notify([mark])
        finally:
            other.close()
        try:
            async with asyncio.timeout(COMES_BACK_WITHIN):
                await self._expected[1]
        except TimeoutError:
            raise LinkFault(
                "LISTEN hears nothing over this connection: a pooler that shares connections "
                "between transactions is in between. Name a direct connection to PostgreSQL in "
                "the CONFIG of CHANNEL_LAYERS: {'dsn': ...} or {'database': <alias>}"
            ) from None
        finally:
            self._expected = None

    def _send(self) -> None:
        """Send what waits in one statement, unless one is under way."""
        if self._asking or not self._outgoing:
            return
        outgoing, self._outgoing = self._outgoing, []
        payloads = [payload for several, _ in outgoing for payload in several]
        answers = [answer for _, answer in outgoing]
        self._ask(self._notify_statement, [text_array(payloads)], answers)

    def _ask(
        self, statement: bytes, values: list[bytes] | None, answers: list[asyncio.Future[None]]
    ) -> None:
        self._asking, self._error = answers, None
        self._deadline = self._loop.call_later(ANSWER_WITHIN, self._give_up)
        try:
            formats = None if values is None else [Format.BINARY]
            self._pgconn.send_query_params(statement, values, None, formats)
            self._write()
        except psycopg.Error as error:
            self._lose(error)

    def _give_up(self) -> None:
        self._lose(psycopg.OperationalError(f"no answer within {ANSWER_WITHIN:.0f} s"))

    def _write(self) -> None:
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._write_more)

    def _write_more(self) -> None:
        self._loop.remove_writer(self._socket)
        try:
            self._write()
        except psycopg.Error as error:
            self._lose(error)

    def _read(self) -> None:
        self._round.hold()
        try:
            self._pgconn.consume_input()
            self._take_answer()
            while self.is_open and (found := self._pgconn.notifies()):
                self._take(found.extra)
        except psycopg.Error as error:
            self._lose(error)
        finally:
            self._round.release()

    def _take(self, payload: bytes) -> None:
        if self._expected is not None and payload == self._expected[0]:
            _answer(self._expected[1], None)
        else:
            self._on_message(payload)

    def _take_answer(self) -> None:
        while self._asking and not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is None:
                self._finish()
            elif result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                self._error = psycopg.OperationalError(result.get_error_message())

    def _finish(self) -> None:
        """Take the end of a statement; a server that refuses one, a standby, is left."""
        if self._error is not None:
            self._lose(self._error)
            return
        self._answer_all(None)
        self._send()
        if self._is_retired and not self._asking:
            self.close()

    def _answer_all(self, error: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        asking, self._asking = self._asking, []
        for answer in asking:
            _answer(answer, error)

    def _lose(self, error: Exception) -> None:
        on_lost = self._on_lost
        self._end(error)
        if on_lost is not None:
            on_lost(error)

    def _end(self, error: Exception) -> None:
        if not self.is_open:
            return  # Its file descriptor may be another's by now.
        self._on_lost = None
        if not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._pgconn.finish()
        self._asking += [answer for _, answer in self._outgoing]
        self._outgoing = []
        self._answer_all(error)
        if self._expected is not None:
            _answer(self._expected[1], error)


def _ended() -> psycopg.OperationalError:
    return psycopg.OperationalError("the connection has ended")


def _ignore(_: object) -> None:
    pass


def _answer(waiting: asyncio.Future[None], error: Exception | None) -> None:
    if waiting.done():
        return  # Who asked has been cancelled.
    if error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(error)
