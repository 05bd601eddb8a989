"""The results of a run: for each metric and peer, a value for each round."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Results:
    """Values by metric and peer, in the order of the rounds; ``about`` describes the machine.

    ``took`` has the seconds of each part of the run.
    """

    def __init__(self, about: Mapping[str, Any]) -> None:
        self.about = about
        self.took: dict[str, float] = {}
        self._values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, peer: str, measured: Mapping[str, float]) -> None:
        """Add what one round measured at a peer."""
        for metric, value in measured.items():
            self._values[metric][peer].append(value)

    def values(self, metric: str, peer: str) -> list[float]:
        """Return the values of all rounds; empty if the peer didn't get that work."""
        return list(self._values.get(metric, {}).get(peer, []))

    def median(self, metric: str, peer: str) -> float | None:
        """Return the median of the rounds."""
        values = self.values(metric, peer)
        return statistics.median(values) if values else None

    def ratio(self, metric: str, peer: str, other: str) -> float | None:
        """Return the median of the two peers' ratios in the same round.

        The machine's speed, which changes from minute to minute, affects both.
        """
        pairs = zip(self.values(metric, peer), self.values(metric, other), strict=False)
        ratios = [one / two for one, two in pairs if two]
        return statistics.median(ratios) if ratios else None

    def write(self, path: Path) -> None:
        """Save the results in a file."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            json.dumps({"about": self.about, "took": self.took, "values": self._values}, indent=1)
        )

    @classmethod
    def read(cls, path: Path) -> Results:
        """Return the results that ``write`` saved."""
        saved = json.loads(path.read_text())
        results = cls(saved["about"])
        results.took = saved["took"]
        for metric, peers in saved["values"].items():
            results._values[metric].update(peers)
        return results
