"""How often a peer may do something: a token bucket that fills with time, without a clock."""

from __future__ import annotations


class Rate:
    """Allows ``per_second`` a second, and twice as many together after a pause."""

    __slots__ = ("_at", "_capacity", "_left", "_per_second")

    def __init__(self, per_second: float, *, now: float) -> None:
        self._per_second = per_second
        self._capacity = 2 * per_second
        self._left = self._capacity
        self._at = now

    def allows(self, now: float) -> bool:
        """Take one at ``now`` (seconds); returns False where none is left."""
        self._left = min(self._capacity, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
