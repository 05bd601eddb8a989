"""Reads of the event log by the hub: those that come while one is under way go out together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Generic, TypeVar

from realtime.concurrency.threads import call
from realtime.eventlog import EventLog, LoggedEvent, Page
from realtime.protocol.position import Position

PAGE = 500
"""Events of one stream that are read at once."""

MOST = 500
"""Streams that are asked for at once."""

Answer = TypeVar("Answer")


class Lost(Exception):
    """The events that follow a position are not kept any more, or are of another life."""


class Batch(Generic[Answer]):
    """Joins questions about streams: at any time one is under way, and the others wait together.

    A question has a number, and of two about the same stream the lower number is asked. An answer
    is of a question that was asked after ``get`` was called.
    """

    def __init__(self, ask: Callable[[dict[str, int]], Mapping[str, Answer]]) -> None:
        self._ask = ask
        self._waiting: dict[str, tuple[int, asyncio.Future[tuple[int, Answer]]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, stream: str, number: int = 0) -> tuple[int, Answer]:
        """Return the number that was asked with, and the answer."""
        if stream in self._waiting:
            lowest, future = self._waiting[stream]
            self._waiting[stream] = min(lowest, number), future
        else:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: done.exception())  # Its asker may be gone.
            self._waiting[stream] = number, future
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = {name: self._waiting.pop(name) for name in list(self._waiting)[:MOST]}
                numbers = {name: number for name, (number, _) in asked.items()}
                try:
                    answers = await call(self._ask, numbers)
                except Exception as error:  # Handed to each of those who asked.
                    for _, future in asked.values():
                        future.set_exception(error)
                else:
                    for name, (number, future) in asked.items():
                        future.set_result((number, answers[name]))
        finally:
            self._task = None


class LogReader:
    """Reads positions and events for a hub."""

    def __init__(self, log: EventLog) -> None:
        self._positions = Batch[Position](lambda wanted: log.positions(list(wanted)))
        self._pages = Batch[Page](lambda after: log.read(after, PAGE))

    async def position(self, stream: str) -> Position:
        """Return where the stream is now."""
        return (await self._positions.get(stream))[1]

    async def events(self, stream: str, after: Position) -> list[LoggedEvent]:
        """Return the next events after a position, all or a page of them; none at the top.

        Raises ``Lost`` if they are not there any more.
        """
        while True:
            asked_after, page = await self._pages.get(stream, after.offset)
            if page.position.epoch != after.epoch:
                raise Lost(stream)
            events = [event for event in page.events if event.offset > after.offset]
            if successive := _successive(events, after.offset):
                return successive
            if not events and page.position.offset <= after.offset:
                return []
            if asked_after == after.offset:
                raise Lost(stream)


def _successive(events: Sequence[LoggedEvent], offset: int) -> list[LoggedEvent]:
    """Return those that follow ``offset`` without a hole: retention may have taken one between."""
    expected = enumerate(events, start=offset + 1)
    return [event for _, event in takewhile(lambda pair: pair[0] == pair[1].offset, expected)]
