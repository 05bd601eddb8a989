"""When a right is asked for again, and how long it outlasts checks that fail; without a clock.

Every method takes ``now`` (seconds, any steady clock).
"""

from __future__ import annotations

import math
from enum import StrEnum

JITTER = 0.2
"""Part of the time between two checks by which it is shorter or longer.

Rights that were granted together are not asked for together.
"""

GRID = 0.01
"""Part of that time by which a check may be put off.

Rights that are due at about the same time share a timer.
"""

GRACE = 300.0
"""Seconds for which a right lasts while its check is due and gives no answer."""

RETRY = 30.0
"""Seconds from a check that failed to the next one."""


class Verdict(StrEnum):
    """What the driver has to do now."""

    WAIT = "wait"
    ASK = "ask"
    END = "end"
    """No check has answered for too long."""


class Right:
    """A right that is asked for ``every`` so many seconds; None: only when there is a reason.

    It begins with its first answer, ``granted``.
    """

    __slots__ = ("_ask_at", "_ends_at", "_every")

    def __init__(self, every: float | None) -> None:
        self._every = math.inf if every is None else every
        self._ask_at = math.inf
        self._ends_at = math.inf

    @property
    def wake_at(self) -> float:
        """The instant at which to call ``wake`` next, unless something else happens before."""
        return min(self._ask_at, self._ends_at)

    def wake(self, now: float) -> Verdict:
        """Say what to do at ``now``; ``ASK`` is to be followed by ``asked``."""
        if now >= self._ends_at:
            return Verdict.END
        return Verdict.ASK if now >= self._ask_at else Verdict.WAIT

    def asked(self, now: float) -> None:
        """Note that an answer is due from now on, because of the time or for a reason."""
        self._ask_at = math.inf
        self._ends_at = min(self._ends_at, now + GRACE)

    def granted(self, now: float, jitter: float) -> None:
        """Note a yes; ``jitter`` (0 to 1, drawn by the caller) moves the next check."""
        self._ends_at = self._ask_at = math.inf
        if self._every != math.inf:
            grid = self._every * GRID
            due = now + self._every * (1 + JITTER * (2 * jitter - 1))
            self._ask_at = math.ceil(due / grid) * grid

    def failed(self, now: float) -> None:
        """Note a check that gave no answer."""
        self._ask_at = now + RETRY
