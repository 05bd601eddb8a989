"""By when a peer had what was sent to it, as its pongs prove: all that was sent before their pings.

All times are seconds of any steady clock. Of a peer that answers in time, a few numbers are enough
for hours: two pongs say that what was sent between their pings had arrived by the second one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

MAX_EXACT = 16
"""Pongs that are kept one by one, of those that proved something."""

MAX_RUNS = 16
"""Times in which pongs came regularly; the oldest are joined."""

RUN = 5
"""Numbers of a run: its first ping and pong, its last ping and pong, and the longest that
something which was sent between two pings waited for its proof."""


class Proofs:
    """The proofs of one peer."""

    __slots__ = ("_exact", "_exact_since", "_runs")

    def __init__(self) -> None:
        self._runs = array("d")
        self._exact: array[float] | None = None
        self._exact_since = 0.0

    @property
    def last(self) -> float | None:
        """When the last pong came."""
        return self._runs[-2] if self._runs else None

    def add(self, pinged_at: float, ponged_at: float, *, is_of_use: bool) -> None:
        """Note a pong; one ``is_of_use`` where something was sent since the ping before."""
        runs = self._runs
        if runs:
            longest, delay = runs[-1], ponged_at - runs[-3]
            if longest == 0.0 or delay <= 2 * longest:
                runs[-3], runs[-2] = pinged_at, ponged_at
                if delay > longest:
                    runs[-1] = delay
            else:
                self._begin_run(pinged_at, ponged_at)
        else:
            self._begin_run(pinged_at, ponged_at)
        if is_of_use:
            self._add_exact(pinged_at, ponged_at)

    def proved_at(self, sent_at: float) -> float | None:
        """Return by when something had been proved that was sent then, None if it was not."""
        exactly, by_runs = self._exactly(sent_at), self._by_runs(sent_at)
        if exactly is None or by_runs is None:
            return by_runs if exactly is None else exactly
        return min(exactly, by_runs)

    def _exactly(self, sent_at: float) -> float | None:
        exact = self._exact
        if exact is None or sent_at < self._exact_since:
            return None
        following = bisect_right(exact[::2], sent_at)
        return exact[2 * following + 1] if 2 * following < len(exact) else None

    def _by_runs(self, sent_at: float) -> float | None:
        runs = self._runs
        for index in range(0, len(runs), RUN):
            first_ping, first_pong, last_ping, last_pong, longest = runs[index : index + RUN]
            if sent_at < first_ping:
                return first_pong
            if sent_at < last_ping:
                return min(sent_at + longest, last_pong)
        return None

    def _begin_run(self, pinged_at: float, ponged_at: float) -> None:
        self._runs.extend((pinged_at, ponged_at, pinged_at, ponged_at, 0.0))
        if len(self._runs) > MAX_RUNS * RUN:
            self._join_oldest()

    def _join_oldest(self) -> None:
        first_ping, first_pong, last_ping, _, longest = self._runs[:RUN]
        _, next_pong, *last, next_longest = self._runs[RUN : 2 * RUN]
        longest = max(longest, next_longest, next_pong - last_ping)
        self._runs[: 2 * RUN] = array("d", (first_ping, first_pong, *last, longest))

    def _add_exact(self, pinged_at: float, ponged_at: float) -> None:
        exact = self._exact
        if exact is None:
            exact = self._exact = array("d")
        exact.extend((pinged_at, ponged_at))
        if len(exact) > 2 * MAX_EXACT:
            self._exact_since = exact[MAX_EXACT - 2]
            del exact[:MAX_EXACT]
