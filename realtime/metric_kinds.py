"""What a metric can be: a counter, a histogram, a gauge; each as Prometheus has it."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping

_lock = threading.RLock()
"""That of all metrics; a handler of a signal counts in the thread that may have it already."""


class Counter:
    """A count for each value of ``label``; one count where ``label`` is empty."""

    kind = "counter"

    def __init__(self, name: str, label: str, meaning: str) -> None:
        self.name = name
        self.label = label
        self.meaning = meaning
        self._counts: dict[str, int] = {}

    def add(self, value: str = "", count: int = 1) -> None:
        """Count ``count`` more of the label's ``value``; from any thread."""
        with _lock:
            self._counts[value] = self._counts.get(value, 0) + count

    def read(self) -> dict[str, int]:
        """Return the counts by the label's value."""
        with _lock:
            return dict(self._counts)

    def reset(self) -> None:
        """Begin at 0, for tests."""
        with _lock:
            self._counts.clear()


class Histogram:
    """How long things took, in seconds, for each value of ``label``.

    ``bounds`` are the upper ones of its buckets; a last bucket has what took longer.
    """

    kind = "histogram"

    def __init__(self, name: str, label: str, meaning: str, bounds: tuple[float, ...]) -> None:
        self.name = name
        self.label = label
        self.meaning = meaning
        self.bounds = bounds
        self._buckets: dict[str, list[float]] = {}

    def add(self, seconds: float, value: str = "") -> None:
        """Note that something took ``seconds``; from any thread."""
        bucket = bisect_left(self.bounds, seconds)
        with _lock:
            if value not in self._buckets:
                self._buckets[value] = [0] * (len(self.bounds) + 2)
            buckets = self._buckets[value]
            buckets[bucket] += 1
            buckets[-1] += seconds

    def read(self) -> dict[str, list[float]]:
        """Return, by the label's value, how many were in each bucket, and the sum of all seconds.

        Other than in Prometheus a bucket has none of those in the buckets below it.
        """
        with _lock:
            return {value: list(buckets) for value, buckets in self._buckets.items()}

    def reset(self) -> None:
        """Begin at 0, for tests."""
        with _lock:
            self._buckets.clear()


class CountOf(Counter):
    """How many a histogram has measured: who measures need not count as well."""

    def __init__(self, name: str, histogram: Histogram, meaning: str) -> None:
        super().__init__(name, histogram.label, meaning)
        self._histogram = histogram

    def read(self) -> dict[str, int]:
        """Return the counts by the label's value."""
        measured = self._histogram.read()
        return {value: int(sum(buckets[:-1])) for value, buckets in measured.items()}


class Gauge:
    """What there is now, for each value of ``label``: the module that knows is asked."""

    kind = "gauge"

    def __init__(self, name: str, label: str, meaning: str) -> None:
        self.name = name
        self.label = label
        self.meaning = meaning
        self._source: Callable[[], Mapping[str, float]] = dict

    def read_from(self, source: Callable[[], Mapping[str, float]]) -> None:
        """Have ``source`` asked from now on, in any thread; it returns numbers by the label."""
        self._source = source

    def read(self) -> dict[str, float]:
        """Return the numbers of now by the label's value; none where there is nothing to say."""
        return dict(self._source())

    def reset(self) -> None:
        """Do nothing: what it says is not kept."""


Metric = Counter | Histogram | Gauge


def _begin_as_child() -> None:
    global _lock
    _lock = threading.RLock()  # Another thread may have had it, which a fork does not copy.


if hasattr(os, "register_at_fork"):  # Windows has no forks.
    os.register_at_fork(after_in_child=_begin_as_child)
