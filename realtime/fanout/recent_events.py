"""The newest events of a stream, kept in memory for those who come back after a short time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from realtime.eventlog import LoggedEvent
from realtime.eventlog.retention import Retention

MAX_BYTES = 64 * 1024
"""Bytes that are kept of one stream."""

MAX_AGE = 60.0
"""Seconds for which an event is kept; for a client that was away for longer the log is read."""


class RecentEvents:
    """Successive events of a stream, never more or older ones than its log keeps."""

    __slots__ = ("_bytes", "_clock", "_events", "_max_age", "_max_count")

    def __init__(self, retention: Retention, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._max_age = min(MAX_AGE, retention.max_age)
        self._max_count = retention.max_count
        self._events: list[tuple[float, LoggedEvent]] = []
        self._bytes = 0

    def add(self, event: LoggedEvent) -> None:
        """Keep the event that follows the last one added."""
        self._events.append((self._clock(), event))
        self._bytes += len(event.frame)
        self._drop()

    def start_with(self, events: Sequence[LoggedEvent]) -> None:
        """Keep what was read from the log for one client, for the others who come back."""
        if not self._events:
            for event in events:
                self.add(event)

    def since(self, offset: int) -> list[LoggedEvent] | None:
        """Return the events after ``offset``, or None if they are not all here."""
        self._drop()
        if not self._events or self._events[0][1].offset > offset + 1:
            return None
        return [event for _, event in self._events if event.offset > offset]

    def contradict(self, events: Sequence[LoggedEvent]) -> bool:
        """Tell whether others than these had the same offsets."""
        ids = {one.offset: one.id for _, one in self._events}
        return any(ids.get(event.offset, event.id) != event.id for event in events)

    def _drop(self) -> None:
        events, oldest = self._events, self._clock() - self._max_age
        while events and (
            self._bytes > MAX_BYTES or len(events) > self._max_count or events[0][0] < oldest
        ):
            self._bytes -= len(events.pop(0)[1].frame)
