"""Locks in memory; times are in seconds, and arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from realtime.roster.base import LOCK_LEASE, Holder


@dataclass
class _Lock:
    holder: Holder
    until: float
    """The end of the time in which a holder may appear."""


class Locks:
    """Locks by name; ``is_there`` says whether a holder is at a time."""

    def __init__(self, is_there: Callable[[Holder, float], bool]) -> None:
        self._is_there = is_there
        self._by_name: dict[str, _Lock] = {}

    def take(self, name: str, holder: Holder, now: float) -> bool:
        """Take a lock, if nobody else has it; one's own is kept for longer until one is there."""
        present = self.holder(name, now)
        if present not in (None, holder):
            return False
        if present is None or not self._is_there(holder, now):
            self._by_name[name] = _Lock(holder, now + LOCK_LEASE)
        return True

    def give_back(self, name: str, holder: Holder, now: float) -> bool:
        """Free a lock; returns whether ``holder`` had it."""
        if self.holder(name, now) != holder:
            return False
        del self._by_name[name]
        return True

    def holder(self, name: str, now: float) -> Holder | None:
        """Return who has a lock, None where it is free."""
        lock = self._by_name.get(name)
        if lock is None or (lock.until < now and not self._is_there(lock.holder, now)):
            return None
        return lock.holder

    def free(self, holder: Holder) -> None:
        """Free all that a holder has, who is gone."""
        for name in [name for name, lock in self._by_name.items() if lock.holder == holder]:
            del self._by_name[name]

    def prune(self, now: float) -> None:
        """Forget those whose holders never appeared."""
        for name in [name for name in self._by_name if self.holder(name, now) is None]:
            del self._by_name[name]
