"""The event log in this process's memory: the reference, and a log for tests."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from realtime.eventlog.base import (
    Addressed,
    Draft,
    EventLog,
    LoggedEvent,
    OnNumbered,
    Page,
    first_epoch,
    random_epoch,
)
from realtime.eventlog.commit import after_every_commit
from realtime.eventlog.entries import MAX_FOUND, NOTE_FOR, SETTLED_AFTER, LogEntry, Moved, Recent
from realtime.eventlog.retention import Retention, retention_of
from realtime.protocol.position import Position

__all__ = ["MemoryEventLog"]

MAX_RECENT = 10_000
"""The newest events of all streams, for ``recent`` and ``find``."""


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
        self._recent = deque[tuple[int, LogEntry]](maxlen=MAX_RECENT)
        self._numbers = itertools.count(1)
        self._moves = 0
        self._moved: dict[str, int] = {}
        """Of each stream the number of its last move, in that order."""
        self._leases: dict[str, tuple[str, float, str]] = {}
        """Of each task the process, until when it has it, and its note."""
        self._seed = random_epoch()
        self._lock = threading.Lock()

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        self.append_many([Addressed(streams, draft)], on_numbered)

    def append_many(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        after_every_commit(lambda: on_numbered(self._append_all(events)))

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
                self._has_moved(stream)
            return self._position(stream)

    def forget(self, stream: str) -> None:
        with self._lock:
            if self._position(stream).offset:
                self._streams[stream] = _Stream()
                self._has_moved(stream)
                others = [(n, one) for n, one in self._recent if one.stream != stream]
                self._recent = deque(others, maxlen=MAX_RECENT)

    def prune(self) -> int:
        with self._lock:
            streams = self._streams.items()
            return sum(_prune(stream, retention_of(name)) for name, stream in streams)

    def moved(self, cursor: str | None, limit: int) -> Moved:
        with self._lock:
            latest = str(self._moves)
            if cursor is None:
                return Moved(latest, None)
            newest_first = reversed(self._moved.items())
            since = itertools.takewhile(lambda move: move[1] > int(cursor), newest_first)
            names = [name for name, _ in itertools.islice(since, limit + 1)]
            if len(names) > limit:
                return Moved(latest, None)
            return Moved(latest, {name: self._position(name) for name in names})

    def recent(self, cursor: str | None, limit: int = 1000) -> Recent:
        settled = time.time() - SETTLED_AFTER
        with self._lock:
            if cursor is None:
                old = (n for n, one in reversed(self._recent) if _numbered_at(one) <= settled)
                return Recent(str(next(old, 0)), ())
            seen = int(cursor)
            new = itertools.takewhile(lambda numbered: numbered[0] > seen, reversed(self._recent))
            found = [(n, one) for n, one in new if _numbered_at(one) <= settled][::-1][:limit]
        return Recent(str(found[-1][0]) if found else cursor, [one for _, one in found])

    def find(self, *, id: str | None = None, key: str | None = None) -> Sequence[LogEntry]:
        with self._lock:
            entries = [one for _, one in self._recent]
        found = [one for one in entries if one.id == id or (key is not None and one.key == key)]
        return found[-MAX_FOUND:]

    def between(self, stream: str, begin: float, end: float, limit: int) -> Sequence[LogEntry]:
        with self._lock:
            its = [one for _, one in self._recent if one.stream == stream]
        return [one for one in its if begin <= _numbered_at(one) <= end][-limit:]

    def take_lease(self, task: str, process: str, seconds: float) -> str | None:
        now = time.time()
        with self._lock:
            holder, until, note = self._leases.get(task, (process, now, ""))
            if holder != process and until >= now:
                return None
            note = note if until >= now - NOTE_FOR else ""
            self._leases[task] = process, now + seconds, note
        return note

    def keep_lease(self, task: str, process: str, seconds: float, note: str) -> bool:
        with self._lock:
            if self._leases.get(task, ("",))[0] != process:
                return False
            self._leases[task] = process, time.time() + seconds, note
        return True

    def _append_all(self, events: Sequence[Addressed]) -> list[LoggedEvent]:
        with self._lock:
            numbered = [self._number(name, draft) for streams, draft in events for name in streams]
        return [event for event in numbered if event is not None]

    def _number(self, name: str, draft: Draft) -> LoggedEvent | None:
        stream = self._stream(name)
        if draft.key is not None:
            if draft.key in stream.keys:
                return None
            stream.keys.add(draft.key)
        stream.top += 1
        self._has_moved(name)
        event = LoggedEvent.of(draft, name, stream.epoch, stream.top)
        now = time.time()
        stream.events.append(_Kept(event, draft.key, now))
        entry = LogEntry(
            *(name, stream.epoch, stream.top, draft.id, draft.name, draft.at / 1000, now, now),
            *(draft.key, draft.exclude, draft.origin),
        )
        self._recent.append((next(self._numbers), entry))
        return event

    def _has_moved(self, name: str) -> None:
        self._moves += 1
        self._moved.pop(name, None)
        self._moved[name] = self._moves

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


def _numbered_at(entry: LogEntry) -> float:
    return entry.numbered_at or 0.0


def _prune(stream: _Stream, retention: Retention) -> int:
    oldest = time.time() - retention.max_age
    young = [one for one in stream.events if one.logged_at >= oldest]
    kept = young[-retention.max_count :]
    removed = len(stream.events) - len(kept)
    stream.events = kept
    stream.keys = {one.key for one in kept if one.key is not None}
    return removed
