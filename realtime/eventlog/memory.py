"""The event log in this process's memory: the reference, and a log for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from realtime.eventlog.base import (
    Draft,
    EventLog,
    LoggedEvent,
    OnNumbered,
    Page,
    first_epoch,
    random_epoch,
)
from realtime.eventlog.commit import after_every_commit
from realtime.eventlog.retention import Retention, retention_of
from realtime.protocol.position import Position

__all__ = ["MemoryEventLog"]


class _Kept(NamedTuple):
    event: LoggedEvent
    key: str | None
    logged_at: float
    """Seconds, by this process's clock."""


@dataclass
class _Stream:
    epoch: str = field(default_factory=random_epoch)
    top: int = 0
    events: list[_Kept] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    """The keys of the events that are kept."""

    def begin_epoch(self) -> None:
        self.epoch = random_epoch()
        self.events = [
            kept._replace(event=replace(kept.event, epoch=self.epoch)) for kept in self.events
        ]


class MemoryEventLog(EventLog):
    """Keeps events until the process ends; one process only."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}
        self._seed = random_epoch()
        self._lock = threading.Lock()

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        after_every_commit(lambda: on_numbered(self._append(streams, draft)))

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        with self._lock:
            return {name: self._position(name) for name in streams}

    def read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        with self._lock:
            return {name: self._page(name, offset, limit) for name, offset in after.items()}

    def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        with self._lock:
            kept = self._stream(stream)
            if kept.epoch == epoch and (beyond is None or kept.top < beyond):
                kept.begin_epoch()
            return self._position(stream)

    def forget(self, stream: str) -> None:
        with self._lock:
            if self._position(stream).offset:
                self._streams[stream] = _Stream()

    def prune(self) -> int:
        with self._lock:
            streams = self._streams.items()
            return sum(_prune(stream, retention_of(name)) for name, stream in streams)

    def _append(self, streams: Sequence[str], draft: Draft) -> list[LoggedEvent]:
        with self._lock:
            numbered = [self._number(name, draft) for name in streams]
        return [event for event in numbered if event is not None]

    def _number(self, name: str, draft: Draft) -> LoggedEvent | None:
        stream = self._stream(name)
        if draft.key is not None:
            if draft.key in stream.keys:
                return None
            stream.keys.add(draft.key)
        stream.top += 1
        event = LoggedEvent.of(draft, name, stream.epoch, stream.top)
        stream.events.append(_Kept(event, draft.key, time.time()))
        return event

    def _page(self, name: str, offset: int, limit: int) -> Page:
        kept = self._streams[name].events if name in self._streams else []
        events = [one.event for one in kept if one.event.offset > offset]
        return Page(self._position(name), events[:limit])

    def _position(self, name: str) -> Position:
        if name not in self._streams:
            return Position(self._first_epoch(name), 0)
        stream = self._streams[name]
        return Position(stream.epoch, stream.top)

    def _stream(self, name: str) -> _Stream:
        if name not in self._streams:
            self._streams[name] = _Stream(self._first_epoch(name))
        return self._streams[name]

    def _first_epoch(self, name: str) -> str:
        """Return an epoch that needs no memory, as anybody may ask for a name."""
        return first_epoch(self._seed, name)


def _prune(stream: _Stream, retention: Retention) -> int:
    oldest = time.time() - retention.max_age
    young = [one for one in stream.events if one.logged_at >= oldest]
    kept = young[-retention.max_count :]
    removed = len(stream.events) - len(kept)
    stream.events = kept
    stream.keys = {one.key for one in kept if one.key is not None}
    return removed
