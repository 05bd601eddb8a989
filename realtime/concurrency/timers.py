"""Timers for many sockets: those that are due at about the same time wake the event loop once.

A timer of its own for each socket is a wake-up for each: nearly half of what an idle socket costs.
"""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

from realtime.concurrency.per_loop import PerLoop
from realtime.logs import get_logger

logger = get_logger(__name__)

SLOT = 0.05
"""Seconds by which a timer may be late."""


class Sleeper(Protocol):
    """What is woken; a bound method in its place would be one more object for each timer."""

    def wake(self) -> None:
        """Do what is due."""


class Timers:
    """The timers of one event loop, in slots of ``SLOT`` seconds."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots: dict[int, dict[Sleeper, None]] = {}

    def add(self, when: float, sleeper: Sleeper) -> int:
        """Wake ``sleeper`` once at ``when`` of the loop's clock, or soon after; returns its slot.

        It must not be in that slot already.
        """
        slot = math.ceil(when / SLOT)
        if slot not in self._slots:
            self._slots[slot] = {}
            self._loop.call_at(slot * SLOT, self._fire, slot)
        self._slots[slot][sleeper] = None
        return slot

    def discard(self, slot: int, sleeper: Sleeper) -> None:
        """Don't wake it; harmless if it was woken."""
        if slot in self._slots:
            self._slots[slot].pop(sleeper, None)

    def _fire(self, slot: int) -> None:
        sleepers = self._slots[slot]
        for sleeper in list(sleepers):
            if sleeper in sleepers:  # Not if one before it has discarded it.
                del sleepers[sleeper]
                try:
                    sleeper.wake()
                except Exception:
                    logger.exception("timer failed")  # It is one socket's; the others go on.
        if sleepers:
            self._loop.call_at(slot * SLOT, self._fire, slot)
        else:
            del self._slots[slot]


timers = PerLoop(Timers)
