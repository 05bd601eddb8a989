"""Reads of the event log by the hub: those that come during another one are joined."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import takewhile
from typing import Generic, TypeVar

from realtime.concurrency.threads import run_sync
from realtime.eventlog import EventLog, LoggedEvent, Page
from realtime.exceptions import PositionLost
from realtime.protocol.position import Position

PAGE_SIZE = 500
"""Events of one stream in one read."""

BATCH_SIZE = 500
"""Streams of one read."""

READ_WITHIN = 30.0
"""Seconds after which a read is given up, so that those that wait behind it may begin."""

Answer = TypeVar("Answer")


class JoinedReads(Generic[Answer]):
    """Joins reads about streams: at any time one is under way, and the others wait together.

    A read has a number, and of two about the same stream the lower number is read. An answer is of
    a read that began after ``get`` was called.
    """

    def __init__(self, read: Callable[[dict[str, int]], Awaitable[Mapping[str, Answer]]]) -> None:
        self._read = read
        self._waiting: dict[str, tuple[int, asyncio.Future[tuple[int, Answer]]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, stream: str, number: int = 0) -> tuple[int, Answer]:
        """Return the number that was read with, and the answer."""
        if stream in self._waiting:
            lowest, future = self._waiting[stream]
            self._waiting[stream] = min(lowest, number), future
        else:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: done.exception())  # Its caller may be gone.
            self._waiting[stream] = number, future
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                names = list(self._waiting)[:BATCH_SIZE]
                await self._read_batch({name: self._waiting.pop(name) for name in names})
        finally:
            self._task = None

    async def _read_batch(
        self, batch: dict[str, tuple[int, asyncio.Future[tuple[int, Answer]]]]
    ) -> None:
        try:
            async with asyncio.timeout(READ_WITHIN):
                answers = await self._read({name: number for name, (number, _) in batch.items()})
        except Exception as error:  # The futures hand it to each caller.
            for _, future in batch.values():
                future.set_exception(error)
        else:
            for name, (number, future) in batch.items():
                future.set_result((number, answers[name]))


class LogReader:
    """Reads positions and events for a hub, and begins new epochs."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._positions = JoinedReads[Position](
            lambda wanted: run_sync(log.positions, list(wanted))
        )
        self._pages = JoinedReads[Page](lambda after: run_sync(log.read, after, PAGE_SIZE))

    async def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        """Do what ``EventLog.new_epoch`` does."""
        position: Position = await run_sync(self._log.new_epoch, stream, epoch, beyond)
        return position

    async def position(self, stream: str) -> Position:
        """Return where the stream is now."""
        return (await self._positions.get(stream))[1]

    async def events(self, stream: str, after: Position) -> list[LoggedEvent]:
        """Return the next events after a position, all or a page of them; none at the top.

        Raises ``PositionLost`` if they are not there any more.
        """
        while True:
            read_after, page = await self._pages.get(stream, after.offset)
            if page.position.epoch != after.epoch:
                raise PositionLost(stream)
            events = [event for event in page.events if event.offset > after.offset]
            if successive := _successive(events, after.offset):
                return successive
            if not events and page.position.offset <= after.offset:
                return []
            if read_after == after.offset:
                raise PositionLost(stream)


def _successive(events: Sequence[LoggedEvent], offset: int) -> list[LoggedEvent]:
    """Return those that follow ``offset`` without a hole: retention may have taken one between."""
    expected = enumerate(events, start=offset + 1)
    return [event for _, event in takewhile(lambda pair: pair[0] == pair[1].offset, expected)]
