"""Remembers for a few seconds which names came: of sessions that ended, of users who changed."""

from __future__ import annotations

import math
from collections.abc import Iterable

KEEP = 10.0
"""Seconds; longer than a sign-in takes, which may have read what a message has since made untrue.

Django also says that a session ends before it deletes it.
"""

MAX_KEPT = 100_000
"""Names that may come while others are kept; more push out the oldest."""


class RecentNames:
    """Knows each name for ``keep`` to twice as many seconds, without a clock.

    Where more than ``MAX_KEPT`` come in that time, the oldest are forgotten earlier.
    """

    def __init__(self, keep: float = KEEP) -> None:
        self._keep = keep
        self._newer: dict[str, float] = {}
        self._older: dict[str, float] = {}
        self._turn_at = -math.inf

    def add_all(self, names: Iterable[str], now: float) -> None:
        """Remember names at ``now`` (seconds)."""
        if now >= self._turn_at or len(self._newer) >= MAX_KEPT:
            is_long_ago = now >= self._turn_at + self._keep
            self._older = {} if is_long_ago else self._newer
            self._newer, self._turn_at = {}, now + self._keep
        self._newer |= dict.fromkeys(names, now)

    def came_at(self, name: str | None) -> float:
        """Return when it came last, long ago where that is not known."""
        return self._newer.get(name, self._older.get(name, -math.inf))  # type: ignore[arg-type]
