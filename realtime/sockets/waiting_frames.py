"""Drives the backlog of one socket: the clock and the timer for the pure rules."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from realtime.protocol.backlog import Backlog


class WaitingFrames:
    """Counts frames that wait for an application, and calls ``on_overflow`` when too many do."""

    __slots__ = ("_backlog", "_loop", "_on_overflow", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, on_overflow: Callable[[], None]) -> None:
        self._backlog = Backlog()
        self._loop = loop
        self._on_overflow: Callable[[], None] | None = on_overflow
        self._timer: asyncio.TimerHandle | None = None

    def arrived(self) -> None:
        """Count a frame that waits from now on."""
        self._backlog.arrived(self._loop.time())
        if self._backlog.is_full:
            self._overflow()
        else:
            self._check_later()

    def took(self) -> None:
        """Count a frame that the application has taken."""
        self._backlog.took()

    def stop(self) -> None:
        """Check no more."""
        self._on_overflow = None  # Which may refer to who has this one.
        if self._timer is not None:
            self._timer.cancel()

    def _check_later(self) -> None:
        if self._timer is None and self._backlog.check_at != math.inf:
            self._timer = self._loop.call_at(self._backlog.check_at, self._check)

    def _check(self) -> None:
        self._timer = None
        if self._backlog.check(self._loop.time()):
            self._overflow()
        else:
            self._check_later()

    def _overflow(self) -> None:
        if self._on_overflow is not None:
            self._on_overflow()
