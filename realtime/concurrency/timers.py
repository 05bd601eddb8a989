"""Timers for many sockets: those that are due at about the same time wake the event loop once.

A timer of its own for each socket is a wake-up for each: nearly half of what an idle socket costs.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from realtime.concurrency.per_loop import PerLoop
from realtime.logs import get_logger

logger = get_logger(__name__)

SLOT = 0.05
"""Seconds by which a timer may be late."""


class Timers:
    """The timers of one event loop, in slots of ``SLOT`` seconds."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots: dict[int, dict[Callable[[], None], None]] = {}

    def add(self, when: float, callback: Callable[[], None]) -> int:
        """Call ``callback`` once at ``when`` of the loop's clock, or soon after; returns its slot.

        It must not be in that slot already.
        """
        slot = math.ceil(when / SLOT)
        if slot not in self._slots:
            self._slots[slot] = {}
            self._loop.call_at(slot * SLOT, self._fire, slot)
        self._slots[slot][callback] = None
        return slot

    def discard(self, slot: int, callback: Callable[[], None]) -> None:
        """Don't call it; harmless if it was called."""
        if slot in self._slots:
            self._slots[slot].pop(callback, None)

    def _fire(self, slot: int) -> None:
        callbacks = self._slots[slot]
        for callback in list(callbacks):
            if callback in callbacks:  # Not if one before it has discarded it.
                del callbacks[callback]
                try:
                    callback()
                except Exception:
                    logger.exception("timer failed")  # It is one socket's; the others go on.
        if callbacks:
            self._loop.call_at(slot * SLOT, self._fire, slot)
        else:
            del self._slots[slot]


timers = PerLoop(Timers)
