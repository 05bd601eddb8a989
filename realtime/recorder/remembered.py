"""Lives that were over a moment ago: a process knows them until every store has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from realtime.recorder.base import Life

REMEMBER = 30.0
"""Seconds for which a life that is over is known here, until every store has it."""

MAX_REMEMBERED = 10_000
"""Lives that are over and known here."""


class Ended(NamedTuple):
    """A life that is over, and since when, by the loop's clock."""

    at: float
    life: Life


class RememberedLives:
    """Lives in the order of their ends; ``now`` is by the loop's clock, in seconds."""

    def __init__(self) -> None:
        self._ended: deque[Ended] = deque()
        self._by_stream: dict[str, deque[Life]] = {}

    def add(self, life: Life, now: float) -> None:
        """Remember a life that is over ``now``."""
        self._ended.append(Ended(now, life))
        for stream in _streams(life):
            self._by_stream.setdefault(stream, deque()).append(life)
        self._forget_old(now)

    def all(self, now: float) -> Iterable[Life]:
        """Return those that are remembered."""
        self._forget_old(now)
        return (one.life for one in self._ended)

    def of(self, stream: str, now: float) -> Iterable[Life]:
        """Return those that followed a stream."""
        self._forget_old(now)
        return self._by_stream.get(stream, ())

    def _forget_old(self, now: float) -> None:
        ended = self._ended
        while ended and (ended[0].at < now - REMEMBER or len(ended) > MAX_REMEMBERED):
            for stream in _streams(ended.popleft().life):
                self._by_stream[stream].popleft()
                if not self._by_stream[stream]:
                    del self._by_stream[stream]


def _streams(life: Life) -> set[str]:
    return {following.stream for following in life.followings}
