"""Brings a feed to where the log is: the one background task that a feed has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from realtime.eventlog import LoggedEvent
from realtime.exceptions import PositionLost
from realtime.fanout.log_reader import LogReader
from realtime.protocol.position import Position

logger = logging.getLogger(__name__)


class Repairable(Protocol):
    """What a repair needs of a feed."""

    stream: str

    @property
    def position(self) -> Position:
        """Up to where events have been handed out."""

    @property
    def has_hole(self) -> bool:
        """Whether events after ``position`` are known of that did not come."""

    def read(self, events: Sequence[LoggedEvent]) -> None:
        """Take events that the log had."""

    def reset(self, position: Position) -> None:
        """Start again from ``position``."""

    async def check_log(self) -> None:
        """Compare the feed with the log."""


class Repair:
    """Runs at most one piece of work for a feed; what is started meanwhile is not needed."""

    __slots__ = ("_feed", "_reader", "_task")

    def __init__(self, feed: Repairable, reader: LogReader | None) -> None:
        self._feed = feed
        self._reader = reader
        self._task: asyncio.Task[None] | None = None

    def read_missing(self, *, wait: float, check_first: bool = False) -> None:
        """Read what the feed misses, after ``wait`` seconds in which it may still come."""
        if self._task is None and self._reader is not None:
            self._start(partial(self._read_missing, self._reader, wait, check_first))

    def begin_epoch(self) -> None:
        """Begin a new epoch, since the log of this one went back."""
        if self._task is None and self._reader is not None:
            self._start(partial(self.begin_epoch_now, self._feed.position.epoch))

    async def begin_epoch_now(self, epoch: str) -> None:
        """Begin a new epoch if the stream is still in ``epoch``."""
        assert self._reader is not None
        stream = self._feed.stream
        logger.error("log went back stream=%s from=%s", stream, self._feed.position)
        position = await self._reader.new_epoch(stream, epoch)
        if self._feed.position.epoch == epoch:
            self._feed.reset(position)

    async def finished(self) -> None:
        """Wait for the work that is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def cancel(self) -> None:
        """Stop the work that is under way."""
        if self._task is not None:
            self._task.cancel()

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        self._task = asyncio.create_task(self._run(work))

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
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
            events = await reader.events(self._feed.stream, self._feed.position)
            self._feed.read(events)
            if not events:
                return  # The top was broadcast, but a replica lags: the next check reads again.
