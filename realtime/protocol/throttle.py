"""Thins a stream out for one follower: the newest event of each key, in beats; without a clock.

All keys share the beat. With a beat for each, an event would have to wait for an earlier one of
another key, as offsets are handed out in order, and many busy keys would hold each other up.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, ValuesView
from typing import Generic, TypeVar

Event = TypeVar("Event")

MAX_HELD = 1000
"""Events that are held at most; where there are as many, the beat ends early."""


class Throttle(Generic[Event]):
    """Hands out at most one event of each key in ``every`` seconds, and always the last one.

    The first event after a pause goes immediately and begins a beat. What comes during a beat is
    held to its end; of each key the newest stays. With ``MAX_HELD`` of them the beat ends early,
    so one of the same key may follow sooner. Each method returns what goes out, in order.
    """

    __slots__ = ("_beat_ends", "_every", "_held", "_keyless")

    def __init__(self, every: float) -> None:
        self._every = every
        self._beat_ends = -math.inf
        self._held: dict[Hashable, Event] = {}
        self._keyless = 0

    @property
    def wake_at(self) -> float:
        """The instant at which to call ``wake`` next; endless where nothing is held."""
        return self._beat_ends if self._held else math.inf

    @property
    def held(self) -> ValuesView[Event]:
        """The events that are held, in order."""
        return self._held.values()

    def take(self, key: Hashable, event: Event, now: float) -> list[Event]:
        """Take an event at ``now`` (seconds); one without a key is held too, and never dropped."""
        due = self.wake(now)
        if now >= self._beat_ends:
            self._beat_ends = now + self._every
            return [event]
        self._hold(self._next_keyless() if key is None else (key,), event)
        return due if len(self._held) < MAX_HELD else self._end_beat(now)

    def wake(self, now: float) -> list[Event]:
        """Hand out what is held, if the beat is over at ``now``; the next beat begins then."""
        return [] if now < self.wake_at else self._end_beat(now)

    def _end_beat(self, now: float) -> list[Event]:
        due = list(self._held.values())
        self._held.clear()
        self._beat_ends = now + self._every
        return due

    def _hold(self, key: Hashable, event: Event) -> None:
        """Put it at the end: it came after those of other keys."""
        self._held.pop(key, None)
        self._held[key] = event

    def _next_keyless(self) -> int:
        self._keyless += 1
        return self._keyless
