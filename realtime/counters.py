"""Counts of what this process has refused, closed or slowed down, named as Prometheus does.

A count only grows, until the process ends. Its label has few values, and none that comes from
outside, as each is kept forever.
"""

from __future__ import annotations

import threading

__all__ = ["read"]


class Counter:
    """A count for each value of ``label``."""

    def __init__(self, name: str, label: str, meaning: str) -> None:
        self.name = name
        self.label = label
        self.meaning = meaning
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def add(self, value: str) -> None:
        """Count one more of the label's ``value``; from any thread."""
        with self._lock:
            self._counts[value] = self._counts.get(value, 0) + 1

    def read(self) -> dict[str, int]:
        """Return the counts by the label's value."""
        with self._lock:
            return dict(self._counts)

    def reset(self) -> None:
        """Begin at 0, for tests."""
        with self._lock:
            self._counts.clear()


SOCKETS_CLOSED = Counter(
    "realtime_sockets_closed_total",
    "reason",
    "Sockets that the server has refused or ended, by the name of the close code.",
)
COMMANDS_REFUSED = Counter(
    "realtime_commands_refused_total",
    "code",
    "Frames of clients that were answered with an error, by its code.",
)
STREAMS_REFUSED = Counter(
    "realtime_streams_refused_total",
    "limit",
    "Subscribes that were refused as the socket or its user follows too many streams.",
)
COMMANDS_DELAYED = Counter(
    "realtime_commands_delayed_total",
    "limit",
    "Commands that had to wait for one of their user's limits.",
)
DELIVERED_TO_NOBODY = Counter(
    "realtime_events_delivered_to_nobody_total",
    "prefix",
    "Events that no socket was handed, by the prefix of their stream; an event of several streams "
    "counts in each.",
)

ALL = (
    SOCKETS_CLOSED,
    COMMANDS_REFUSED,
    STREAMS_REFUSED,
    COMMANDS_DELAYED,
    DELIVERED_TO_NOBODY,
)
"""Every counter, for what exports them."""


def read() -> dict[str, int]:
    """Return all counts of this process, by name and label.

    A key looks as in Prometheus: ``realtime_sockets_closed_total{reason="stale"}``.
    """
    return {
        f'{counter.name}{{{counter.label}="{value}"}}': count
        for counter in ALL
        for value, count in counter.read().items()
    }
