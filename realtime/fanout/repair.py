"""Brings a feed to where the log is: the one background task that a feed has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from realtime.counters import HOLES_REPAIRED
from realtime.eventlog import LoggedEvent
from realtime.exceptions import PositionLost
from realtime.fanout.log_reader import LogReader
from realtime.logs import get_logger
from realtime.protocol.position import Position

logger = get_logger(__name__)


class Repairable(Protocol):
    """What a repair needs of a feed."""

    stream: str

    @property
    def position(self) -> Position:
        """Up to where events have been handed out."""

    @property
    def has_hole(self) -> bool:
        """Whether events after ``position`` are known of that did not come."""

    @property
    def early(self) -> int:
        """How many events came before their turn."""

    def read(self, events: Sequence[LoggedEvent]) -> None:
        """Take events that the log had."""

    def contradicts(self, events: Sequence[LoggedEvent]) -> bool:
        """Tell whether others than these were handed out lately at the same offsets."""

    def nothing_follows(self) -> None:
        """Wait no more for what was announced and is not in the log."""

    def reset(self, position: Position) -> None:
        """Start again from ``position``."""

    async def check_log(self) -> None:
        """Compare the feed with the log."""

    def compare_later(self) -> None:
        """Have the next check compare the feed with the log."""


class Repair:
    """Runs at most one piece of work for a feed; what is started meanwhile is not needed."""

    __slots__ = ("_disputed", "_feed", "_reader", "_task")

    def __init__(self, feed: Repairable, reader: LogReader | None) -> None:
        self._feed = feed
        self._reader = reader
        self._disputed: int | None = None
        """The first offset with which two events were broadcast."""
        self._task: asyncio.Task[None] | None = None

    def read_missing(self, *, wait: float, check_first: bool = False) -> None:
        """Read what the feed misses, after ``wait`` seconds in which it may still come."""
        if self._task is None and self._reader is not None:
            self._start(self._reader, partial(self._read_missing, self._reader, wait, check_first))

    def compare(self, offset: int) -> None:
        """Ask the log which event has an ``offset``, since two were broadcast with it."""
        self._disputed = offset if self._disputed is None else min(offset, self._disputed)
        if self._task is None and self._reader is not None:
            self._start(self._reader)

    @property
    def is_disputed(self) -> bool:
        """Whether two events were broadcast with the same offset, and the log was not asked yet."""
        return self._disputed is not None

    async def begin_epoch(self, seen: Position, beyond: int | None = None) -> None:
        """Begin a new epoch, since the log of this one has not what was handed out.

        ``seen`` is the feed's position when it asked. With ``beyond``, the log has the last word:
        where it has come as far as that offset, its epoch goes on.
        """
        assert self._reader is not None
        position = await self._reader.new_epoch(self._feed.stream, seen.epoch, beyond)
        if self._feed.position.epoch == seen.epoch != position.epoch:
            logger.error("log went back stream=%s from=%s", self._feed.stream, seen)
            self._feed.reset(position)

    async def finished(self) -> None:
        """Wait for the work that is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def cancel(self) -> None:
        """Stop the work that is under way."""
        if self._task is not None:
            self._task.cancel()

    def _start(self, reader: LogReader, *works: Callable[[], Awaitable[None]]) -> None:
        self._task = asyncio.create_task(self._run(reader, *works))

    async def _run(self, reader: LogReader, *works: Callable[[], Awaitable[None]]) -> None:
        try:
            for work in works:
                await work()
            while self._disputed is not None:
                await self._settle(reader, self._disputed)
        except Exception as error:
            self._feed.compare_later()
            logger.error("log not read stream=%s error=%r", self._feed.stream, error)
        finally:
            self._task = None

    async def _read_missing(self, reader: LogReader, wait: float, check_first: bool) -> None:
        await asyncio.sleep(wait)
        if check_first:
            await self._feed.check_log()
        try:
            await self._fill_hole(reader)
        except PositionLost:
            self._feed.reset(await reader.position(self._feed.stream))

    async def _fill_hole(self, reader: LogReader) -> None:
        while self._feed.has_hole:
            before = self._feed.position, self._feed.early
            events = await reader.events(self._feed.stream, self._feed.position)
            if events:
                self._feed.read(events)
                if not self._feed.has_hole:
                    HOLES_REPAIRED.add()
            elif before == (self._feed.position, self._feed.early):
                self._feed.nothing_follows()

    async def _settle(self, reader: LogReader, offset: int) -> None:
        """Settle a dispute; those that come meanwhile may be about events that the read lacks."""
        self._disputed = None
        try:
            await self._compare(reader, offset)
        except Exception:
            self.compare(offset)  # The next check tries again.
            raise

    async def _compare(self, reader: LogReader, offset: int) -> None:
        """Read from ``offset`` on, and so settle what is disputed after it as well."""
        position = self._feed.position
        try:
            events = await reader.events(self._feed.stream, position._replace(offset=offset - 1))
        except PositionLost:
            events = []
        if not events:
            await self._feed.check_log()
        elif self._feed.contradicts(events):
            await self.begin_epoch(position)
