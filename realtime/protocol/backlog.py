"""Whether what waits for an application tells that it is busy, or only that much came at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MAX_WAITING = 32
"""Frames that may wait for a busy application."""

BUSY_AFTER = 0.5
"""Seconds without taking a frame after which an application is busy."""

MAX_BURST = 256
"""Frames that may wait even for an application that takes them."""


class Backlog:
    """Counts what waits, and calls ``on_overflow`` once when it is too much."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_overflow = on_overflow
        self._waiting = 0
        self._taken = 0
        self._timer: asyncio.TimerHandle | None = None

    def arrived(self) -> None:
        """Count a frame that waits from now on."""
        self._waiting += 1
        if self._waiting > MAX_BURST:
            self._on_overflow()
        elif self._waiting > MAX_WAITING and self._timer is None:
            self._timer = self._loop.call_later(BUSY_AFTER, self._judge, self._taken)

    def took(self) -> None:
        """Count a frame that the application has taken."""
        self._waiting -= 1
        self._taken += 1

    def stop(self) -> None:
        """Judge no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _judge(self, taken_then: int) -> None:
        self._timer = None
        if self._waiting <= MAX_WAITING:
            return
        if self._taken == taken_then:
            self._on_overflow()
        else:
            self._timer = self._loop.call_later(BUSY_AFTER, self._judge, self._taken)
