"""Notices that wait to be delivered, in memory: those of each subject in their order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence

from realtime.roster.base import Announce, Notice


class Notices:
    """A queue for each subject, whose first notice is delivered by one thread at a time."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: dict[str, Notice] = {}
        self._queues: dict[str, deque[str]] = {}
        """The ids of each subject's."""
        self._taken: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, notices: Iterable[Notice]) -> None:
        """Put notices behind those that wait."""
        with self._guard:
            for notice in notices:
                self._waiting[notice.id] = notice
                self._queues.setdefault(notice.subject, deque()).append(notice.id)

    def pending(self) -> Sequence[str]:
        """Return the ids of those that may be delivered now."""
        with self._guard:
            return [queue[0] for queue in self._queues.values() if queue[0] not in self._taken]

    def deliver(self, id: str, announce: Announce) -> bool:
        """Call ``announce`` with a notice that may be delivered; it goes unless that raises."""
        with self._guard:
            notice = self._waiting.get(id)
            if notice is None or id in self._taken or self._queues[notice.subject][0] != id:
                return False
            self._taken.add(id)
        try:
            announce(notice)
            self._remove(notice)
        finally:
            self._taken.discard(id)
        return True

    def _remove(self, notice: Notice) -> None:
        with self._guard:
            del self._waiting[notice.id]
            queue = self._queues[notice.subject]
            queue.popleft()
            if not queue:
                del self._queues[notice.subject]
