"""What one process or several have counted, in the words of prometheus-client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from realtime import counters
from realtime.counters import Values
from realtime.metric_kinds import Histogram, Metric

PROCESS = "process"
"""The label that tells processes apart."""

UP = "realtime_process_up"
"""Says of each process that is known whether it has answered."""


class RealtimeCollector(Collector):
    """Collects what this process has counted, for a registry of prometheus-client.

    ``processes`` has instead what several have counted, by the process, or None for one that did
    not answer; the label ``process`` tells them apart.
    """

    def __init__(self, processes: Mapping[str, Mapping[str, Values] | None] | None = None) -> None:
        self._processes = processes

    def collect(self) -> Iterator[Family]:
        """Return all metrics, with the samples of each process."""
        if self._processes is None:
            own = counters.read_all()
            for metric in counters.ALL:
                yield _family(metric, {(): own[metric.name]})
            return
        answers = {one: found for one, found in self._processes.items() if found is not None}
        for metric in counters.ALL:
            # One of another version may lack some.
            yield _family(
                metric, {(one,): found.get(metric.name, {}) for one, found in answers.items()}
            )
        up = GaugeMetricFamily(UP, "Whether a process has answered.", labels=[PROCESS])
        for process, values in self._processes.items():
            up.add_metric([process], float(values is not None))
        yield up


def _family(metric: Metric, by_process: Mapping[Any, Values]) -> Family:
    """Return one metric with the samples of processes, by the values of the label for them."""
    labels = [PROCESS] if any(by_process) else []
    labels += [metric.label] if metric.label else []
    family: Family = _FAMILIES[metric.kind](metric.name, metric.meaning, labels=labels)
    for process, values in by_process.items():
        for value, found in _with_zero(metric, values).items():
            if _is_sound(metric, found):
                _add(family, metric, [*process, *([value] if metric.label else [])], found)
    return family


def _is_sound(metric: Metric, found: Any) -> bool:
    """Tell whether these are numbers of this metric; another version may have other buckets."""
    if not isinstance(metric, Histogram):
        return isinstance(found, int | float)
    return (
        isinstance(found, list)
        and len(found) == len(metric.bounds) + 2
        and all(isinstance(one, int | float) for one in found)
    )


def _with_zero(metric: Metric, values: Values) -> Values:
    """Return 0 for what never happened, so that its first time is seen as a change."""
    if metric.label or metric.kind == "gauge":
        return values
    return {"": [0] * (len(metric.bounds) + 2) if isinstance(metric, Histogram) else 0, **values}


def _add(family: Any, metric: Metric, labels: list[str], found: Any) -> None:
    if isinstance(metric, Histogram):
        *counts, total = found
        bounds = [*map(str, metric.bounds), "+Inf"]
        buckets = list(zip(bounds, accumulate(counts), strict=True))
        family.add_metric(labels, buckets, total)
    else:
        family.add_metric(labels, found)


_FAMILIES: dict[str, Any] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}
