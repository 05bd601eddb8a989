"""How many may come in a second, and after what wait those find room that came too soon."""

from __future__ import annotations

from realtime.protocol.rate import Rate

MAX_WAIT = 20.0
"""Seconds of the longest wait: a flood must not keep others away for long after its end."""


class Arrivals:
    """Lets ``per_second`` in a second, and twice as many together after a pause.

    Those that are turned away get waits one behind the other, at the same rate, so that they do not
    come back together.
    """

    __slots__ = ("_rate", "_turned_away")

    def __init__(self, per_second: float, *, now: float) -> None:
        self._rate = Rate(per_second, now=now)
        self._turned_away = Rate(per_second, now=now, burst=0)

    def allows(self, now: float) -> bool:
        """Let one in at ``now`` (seconds); returns False where there is no room."""
        return self._rate.allows(now)

    def wait(self, now: float) -> float:
        """Return the seconds after which one that was turned away is to come back."""
        wait = self._turned_away.wait(now)
        if wait < MAX_WAIT:
            self._turned_away.spend(1, now)
        return wait

    def is_idle(self, now: float) -> bool:
        """Tell whether all is as if nobody had ever come."""
        return self._rate.is_full(now) and self._turned_away.is_full(now)
