"""Whose turn it is: all streams are compared within a time, and each check takes a part of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Turns:
    """Goes round the streams once in ``period`` seconds; those that come later wait for the next.

    Times are seconds of any clock that doesn't go back.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._names: Sequence[str] = ()
        self._began = 0.0
        self._done = 0

    @property
    def count(self) -> int:
        """How many streams this round has."""
        return len(self._names)

    def begin(self, names: Sequence[str], now: float) -> None:
        """Begin a round: all of these have just been compared."""
        self._names, self._began, self._done = names, now, 0

    def due(self, now: float, names: Callable[[], Sequence[str]]) -> Sequence[str]:
        """Return the streams whose turn has come; at the end of a round, ``names`` are the next."""
        part = min((now - self._began) / self._period, 1.0)
        end = int(part * len(self._names))
        due = self._names[self._done : end]
        self._done = end
        if part == 1.0:
            self.begin(names(), now)
        return due
