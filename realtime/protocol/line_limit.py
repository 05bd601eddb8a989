"""How many lines others may cause in a log: they must not fill it. Without a clock."""

from __future__ import annotations

MAX_LINES = 10
"""Lines of a kind in each period."""

PERIOD = 60.0
"""Seconds."""


class LineLimit:
    """Allows ``MAX_LINES`` lines in each ``PERIOD``, and counts the rest."""

    __slots__ = ("_began", "_lines", "_suppressed")

    def __init__(self) -> None:
        self._began = float("-inf")
        self._lines = 0
        self._suppressed = 0

    def allows(self, now: float) -> bool:
        """Take one line at ``now`` (seconds); returns False where it is one too many."""
        if now - self._began >= PERIOD:
            self._began, self._lines = now, 0
        self._lines += 1
        if self._lines <= MAX_LINES:
            return True
        self._suppressed += 1
        return False

    def suppressed(self) -> int:
        """Return how many lines were not allowed since the last call."""
        count, self._suppressed = self._suppressed, 0
        return count
