"""Counts what is handed out, and measures how long after its commit that is, and its proof.

Both times are differences of two clocks, the publisher's and that of this process. They are wrong
by as much as the clocks of two machines differ, and never below 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from realtime.counters import EVENTS_DELIVERED, HANDED_OUT, PROVED
from realtime.fanout.followers import Followers
from realtime.layer.messages import EphemeralEvent, Event


class Promptness:
    """Times events of one process; ``clock`` is the one of the wall, in seconds.

    Of the events that are kept, it times one in each second until its proof: all would cost more
    than to deliver them.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._sampled_in = 0

    def handed_out(self, event: Event, count: int, followers: Followers) -> None:
        """Note that an event was handed to ``count`` of its followers just now."""
        is_kept = not isinstance(event, EphemeralEvent)
        EVENTS_DELIVERED.add("kept" if is_kept else "ephemeral", count)
        since, began = "commit", event.committed_at
        if began is None:
            since, began = "publish", _published_at(event.frame)
            if began is None:
                return
        now = self._clock()
        seconds = now - began / 1000
        HANDED_OUT.add(seconds if seconds > 0 else 0.0, since)
        if is_kept and int(now) != self._sampled_in:
            self._sampled_in = int(now)
            follower = followers.any_live()
            if follower is not None:
                follower.when_proved(partial(self._proved, began, since))

    def _proved(self, began: int, since: str) -> None:
        PROVED.add(max(0.0, self._clock() - began / 1000), since)


def _published_at(frame: str) -> int | None:
    """Return the milliseconds that ``frames.event`` writes behind the data; before the commit.

    What others have written may hold anything there.
    """
    at = frame.rpartition('"at":')[2].partition(",")[0].rstrip("}")
    return int(at) if at.isdecimal() and len(at) < 16 else None


promptness = Promptness()
"""What this process's events are timed by."""
