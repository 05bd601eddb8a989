"""Tells a busy application from a burst of frames, by what waits for it; without a clock."""

from __future__ import annotations

import math

MAX_WAITING = 32
"""Frames that may wait for a busy application."""

BUSY_AFTER = 0.5
"""Seconds without taking a frame after which an application is busy."""

MAX_BURST = 256
"""Frames that may wait even for an application that takes them."""


class Backlog:
    """Counts the frames that wait for an application."""

    __slots__ = ("_taken", "_taken_before", "_waiting", "check_at")

    def __init__(self) -> None:
        self.check_at = math.inf
        """The instant at which to call ``check``."""
        self._waiting = 0
        self._taken = 0
        self._taken_before = 0

    @property
    def is_full(self) -> bool:
        """Whether too many frames wait for any application."""
        return self._waiting > MAX_BURST

    def arrived(self, now: float) -> None:
        """Count a frame that waits from ``now`` on (seconds)."""
        self._waiting += 1
        if self._waiting > MAX_WAITING and self.check_at == math.inf:
            self._check_later(now)

    def took(self) -> None:
        """Count a frame that the application has taken."""
        self._waiting -= 1
        self._taken += 1

    def check(self, now: float) -> bool:
        """Tell whether too many frames wait for an application that has taken none of them."""
        self.check_at = math.inf
        if self._waiting <= MAX_WAITING:
            return False
        if self._taken == self._taken_before:
            return True
        self._check_later(now)
        return False

    def _check_later(self, now: float) -> None:
        self._taken_before = self._taken
        self.check_at = now + BUSY_AFTER
