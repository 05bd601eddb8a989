"""Reads of the event log by the hub: those that come during another one are joined."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from realtime.concurrency.joined_reads import JoinedReads
from realtime.concurrency.threads import run_sync
from realtime.eventlog import EventLog, LoggedEvent, Page
from realtime.exceptions import PositionLost
from realtime.protocol.position import Position

PAGE_SIZE = 500
"""Events of one stream in one read."""


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
