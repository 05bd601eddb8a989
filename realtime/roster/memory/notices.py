"""Notices that wait to be delivered, in memory: those of each subject in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from realtime.roster.base import Announce, Notice


class Notices:
    """A queue for each subject, whose first notice is delivered by one thread at a time."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: dict[str, Notice] = {}
        self._taken: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, notices: Iterable[Notice]) -> None:
        """Put notices behind those that wait."""
        with self._guard:
            self._waiting |= {notice.id: notice for notice in notices}

    def pending(self) -> Sequence[str]:
        """Return the ids of those that may be delivered now."""
        with self._guard:
            return self._pending()

    def deliver(self, id: str, announce: Announce) -> bool:
        """Call ``announce`` with a notice that may be delivered; it goes unless that raises."""
        with self._guard:
            if id not in self._pending():
                return False
            self._taken.add(id)
        try:
            announce(self._waiting[id])
            del self._waiting[id]
        finally:
            self._taken.discard(id)
        return True

    def _pending(self) -> list[str]:
        first: dict[str, str] = {}
        for notice in self._waiting.values():
            first.setdefault(notice.subject, notice.id)
        return [id for id in first.values() if id not in self._taken]
