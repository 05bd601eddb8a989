"""A log that is made of several, each of which has streams of its own."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import methodcaller
from typing import TypeVar

from realtime.eventlog.base import Addressed, Draft, EventLog, LoggedEvent, OnNumbered, Page
from realtime.eventlog.entries import MAX_FOUND, LogEntry, Moved, Recent
from realtime.protocol.position import Position

Answer = TypeVar("Answer")
Value = TypeVar("Value")


class ComposedLog(EventLog):
    """Asks the log that has a stream; what is about all streams is asked of all logs.

    A cursor of it has the cursors of all logs, by their names.
    """

    names: Sequence[str]
    """The names of the logs; the first one has the leases."""

    @abstractmethod
    def name_for(self, stream: str) -> str:
        """Return the name of the log that has a stream."""

    @abstractmethod
    def ask(self, name: str, question: Callable[[EventLog], Answer]) -> Answer:
        """Return what ``question`` returns for a log."""

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        self.append_many([Addressed(streams, draft)], on_numbered)

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        asked = self._by_log((name, name) for name in streams)
        found: dict[str, Position] = {}
        for log, wanted in asked.items():
            found |= self.ask(log, methodcaller("positions", list(wanted)))
        return found

    def read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        pages: dict[str, Page] = {}
        for log, wanted in self._by_log(after.items()).items():
            pages |= self.ask(log, methodcaller("read", wanted, limit))
        return pages

    def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        return self._ask_of(stream, lambda log: log.new_epoch(stream, epoch, beyond))

    def forget(self, stream: str) -> None:
        self._ask_of(stream, lambda log: log.forget(stream))

    def prune(self) -> int:
        return sum(self.ask(name, lambda log: log.prune()) for name in self.names)

    def prune_in_turn(self, process: str, seconds: float) -> None:
        for name in self.names:
            self.ask(name, lambda log: log.prune_in_turn(process, seconds))

    def number_pending(self) -> Sequence[LoggedEvent]:
        answers = (self.ask(name, lambda log: log.number_pending()) for name in self.names)
        return [event for events in answers for event in events]

    def moved(self, cursor: str | None, limit: int) -> Moved:
        before = _cursors(cursor)
        after: dict[str, str | None] = {}
        positions: dict[str, Position] | None = {}
        for name in self.names:
            found: Moved = self.ask(name, methodcaller("moved", before.get(name), limit))
            after[name] = found.cursor
            if positions is not None and found.positions is not None:
                positions |= found.positions
            else:
                positions = None
        if positions is not None and len(positions) > limit:
            positions = None
        return Moved(json.dumps(after), positions)

    def recent(self, cursor: str | None, limit: int = 1000) -> Recent:
        before = _cursors(cursor)
        after: dict[str, str | None] = {}
        entries: list[LogEntry] = []
        for name in self.names:
            seen, left = before.get(name), limit - len(entries)
            if seen is None or left > 0:
                found: Recent = self.ask(name, methodcaller("recent", seen, left))
                seen = found.cursor
                # Two of the logs may be in one place, with other options.
                entries += [one for one in found.entries if self.name_for(one.stream) == name]
            after[name] = seen
        return Recent(json.dumps(after), sorted(entries, key=lambda one: one.numbered_at or 0.0))

    def find(self, *, id: str | None = None, key: str | None = None) -> Sequence[LogEntry]:
        answers = (self.ask(name, lambda log: log.find(id=id, key=key)) for name in self.names)
        found = dict.fromkeys(entry for entries in answers for entry in entries)
        return sorted(found, key=lambda one: one.logged_at)[-MAX_FOUND:]

    def between(self, stream: str, begin: float, end: float, limit: int) -> Sequence[LogEntry]:
        return self._ask_of(stream, lambda log: log.between(stream, begin, end, limit))

    def take_lease(self, task: str, process: str, seconds: float) -> str | None:
        return self.ask(self.names[0], lambda log: log.take_lease(task, process, seconds))

    def keep_lease(self, task: str, process: str, seconds: float, note: str) -> bool:
        return self.ask(self.names[0], lambda log: log.keep_lease(task, process, seconds, note))

    def split(self, events: Sequence[Addressed]) -> dict[str, list[Addressed]]:
        """Return, for each log by its name, what is to be appended to it."""
        parts: defaultdict[str, list[Addressed]] = defaultdict(list)
        for streams, draft in events:
            for log, its in self._by_log((name, name) for name in streams).items():
                parts[log].append(Addressed(list(its), draft))
        return parts

    def _ask_of(self, stream: str, question: Callable[[EventLog], Answer]) -> Answer:
        return self.ask(self.name_for(stream), question)

    def _by_log(self, items: Iterable[tuple[str, Value]]) -> dict[str, dict[str, Value]]:
        """Return what is said of streams, for each log by its name."""
        parts: defaultdict[str, dict[str, Value]] = defaultdict(dict)
        for stream, value in items:
            parts[self.name_for(stream)][stream] = value
        return parts


def _cursors(cursor: str | None) -> Mapping[str, str | None]:
    found: Mapping[str, str | None] = {} if cursor is None else json.loads(cursor)
    return found
