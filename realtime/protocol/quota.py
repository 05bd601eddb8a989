"""How many different names may be in use, or were in use a short time ago; without a clock."""

from __future__ import annotations


class Quota:
    """Hands out at most ``limit`` names; a name that is released counts for ``keep`` seconds more.

    A name may be taken several times, and counts once.
    """

    __slots__ = ("_keep", "_limit", "_released", "_uses")

    def __init__(self, limit: int, keep: float) -> None:
        self._limit = limit
        self._keep = keep
        self._uses: dict[str, int] = {}
        self._released: dict[str, float] = {}
        """The instants of release, the oldest first."""

    def take(self, name: str, now: float) -> bool:
        """Take a name at ``now`` (seconds); returns False where it would be one too many."""
        if name not in self._uses and name not in self._released:
            self._forget_old(now)
            if len(self._uses) + len(self._released) >= self._limit:
                return False
        self._released.pop(name, None)
        self._uses[name] = self._uses.get(name, 0) + 1
        return True

    def release(self, name: str, now: float) -> None:
        """Give back a name that was taken."""
        self._uses[name] -= 1
        if not self._uses[name]:
            del self._uses[name]
            self._released[name] = now

    def is_unused(self, now: float) -> bool:
        """Tell whether all is as if no name had ever been taken."""
        self._forget_old(now)
        return not self._uses and not self._released

    def _forget_old(self, now: float) -> None:
        while self._released:
            oldest = next(iter(self._released))
            if self._released[oldest] + self._keep > now:
                return
            del self._released[oldest]
