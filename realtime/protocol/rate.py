"""How much a peer may do: a token bucket that fills with time, without a clock."""

from __future__ import annotations


class Rate:
    """Allows ``per_second`` a second, after a pause ``burst`` together (None: twice as many)."""

    __slots__ = ("_at", "_capacity", "_left", "_per_second")

    def __init__(self, per_second: float, *, now: float, burst: float | None = None) -> None:
        self._per_second = per_second
        self._capacity = 2 * per_second if burst is None else burst
        self._left = self._capacity
        self._at = now

    def allows(self, now: float) -> bool:
        """Take one at ``now`` (seconds); returns False where none is left."""
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def spend(self, number: float, now: float) -> None:
        """Take so many, more than are left too: what is known only when it is done."""
        self._fill(now)
        self._left -= number

    def wait(self, now: float) -> float:
        """Return the seconds until more may be spent; 0 unless too many were."""
        self._fill(now)
        return max(0.0, -self._left / self._per_second)

    def is_full(self, now: float) -> bool:
        """Tell whether as many are left as after a long pause."""
        self._fill(now)
        return self._left == self._capacity

    def _fill(self, now: float) -> None:
        self._left = min(self._capacity, self._left + (now - self._at) * self._per_second)
        self._at = now
