"""What this process counts and measures, named as Prometheus does.

A counter and a histogram only grow, until the process ends. A gauge is asked for when it is read,
and costs nothing before that. A label has few values, and none that comes from outside, as each is
kept forever.
"""

from __future__ import annotations

from typing import Any

from realtime.metric_kinds import Counter, CountOf, Gauge, Histogram, Metric

__all__ = ["read"]

Values = dict[str, Any]
"""What a metric has by the value of its label, which is empty where it has none."""

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, in seconds, for what takes milliseconds, and seconds where something is wrong."""

SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 18.0, 30.0, 60.0)
"""Upper bounds for what crosses the network; after 18 s a heartbeat has given its peer up."""

SOCKETS_OPEN = Gauge("realtime_sockets_open", "", "Sockets that are open.")
SOCKETS_OPENED = Counter("realtime_sockets_opened_total", "", "Sockets that were accepted.")
SOCKETS_CLOSED = Counter(
    "realtime_sockets_closed_total",
    "reason",
    "Sockets that the server has refused or ended, by the name of the close code.",
)
SOCKETS_DISCONNECTED = Counter(
    "realtime_sockets_disconnected_total",
    "code",
    "Sockets that ended otherwise, by the close code that came.",
)
SOCKETS_HELD_BACK = Counter(
    "realtime_sockets_held_back_total",
    "",
    "Times that a socket had so much in flight that its queue was held back.",
)
HANDSHAKES_REFUSED = Counter(
    "realtime_handshakes_refused_total",
    "reason",
    "Sockets that the server has ended before they had a user, by the reason.",
)
HEARTBEATS_SENT = Counter("realtime_heartbeats_sent_total", "", "Pings that were sent.")
HEARTBEATS_LATE = Counter(
    "realtime_heartbeats_late_total",
    "",
    "Heartbeats for which this process woke more than a second too late.",
)
LATENCY = Histogram(
    "realtime_latency_seconds",
    "",
    "Time from a ping to its pong.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.0, 4.0, 8.0),
)
HEARTBEATS_MATCHED = CountOf(
    "realtime_heartbeats_matched_total", LATENCY, "Pongs that answered a ping in flight."
)
COMMANDS = Histogram(
    "realtime_command_seconds",
    "command",
    "Time that a command of a client took, once its turn had come.",
    QUICK,
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
EVENTS_PUBLISHED = Counter(
    "realtime_events_published_total",
    "kind",
    "Events that this process published, each once, whether it was committed or not.",
)
EVENTS_BROADCAST = Counter(
    "realtime_events_broadcast_total",
    "result",
    "Events that this process handed to the channel layer, each once for a stream.",
)
EVENTS_DELIVERED = Counter(
    "realtime_events_delivered_total",
    "kind",
    "Events handed to followers that were up to date, each once for a follower.",
)
EVENTS_REPLAYED = Counter(
    "realtime_events_replayed_total",
    "",
    "Events sent to followers that were behind, each once for a follower.",
)
DELIVERED_TO_NOBODY = Counter(
    "realtime_events_delivered_to_nobody_total",
    "prefix",
    "Events that no socket was handed, by the prefix of their stream; an event of several streams "
    "counts in each.",
)
HANDED_OUT = Histogram(
    "realtime_event_handout_seconds",
    "since",
    "Time from the commit of an event to its handing out, by the publisher's and this clock.",
    QUICK,
)
PROVED = Histogram(
    "realtime_event_proof_seconds",
    "since",
    "Time from the commit of an event to a pong that proves its arrival; one sample a second.",
    SLOW,
)
HOLES_REPAIRED = Counter(
    "realtime_holes_repaired_total",
    "",
    "Holes in a stream that were filled from the log, as broadcasts were lost or late.",
)
RESETS = Counter(
    "realtime_resets_total",
    "",
    "Followers that were reset, as the log no longer had what they missed.",
)
REPLAYS = Gauge(
    "realtime_replays_under_way",
    "",
    "Followers that are being brought up to the present.",
)
LAYER_UP = Gauge("realtime_layer_up", "", "Whether the channel layer brings back a probe.")
LOG_UP = Gauge("realtime_log_up", "", "Whether the event log answered when it was last asked.")
THREADS_BUSY = Gauge("realtime_threads_busy", "pool", "Threads of a pool that run something.")
CALLS_WAITING = Gauge("realtime_calls_waiting", "pool", "Calls that wait for a thread of a pool.")

ALL: tuple[Metric, ...] = (
    SOCKETS_OPEN,
    SOCKETS_OPENED,
    SOCKETS_CLOSED,
    SOCKETS_DISCONNECTED,
    SOCKETS_HELD_BACK,
    HANDSHAKES_REFUSED,
    HEARTBEATS_SENT,
    HEARTBEATS_MATCHED,
    HEARTBEATS_LATE,
    LATENCY,
    COMMANDS,
    COMMANDS_REFUSED,
    STREAMS_REFUSED,
    COMMANDS_DELAYED,
    EVENTS_PUBLISHED,
    EVENTS_BROADCAST,
    EVENTS_DELIVERED,
    EVENTS_REPLAYED,
    DELIVERED_TO_NOBODY,
    HANDED_OUT,
    PROVED,
    HOLES_REPAIRED,
    RESETS,
    REPLAYS,
    LAYER_UP,
    LOG_UP,
    THREADS_BUSY,
    CALLS_WAITING,
)
"""Every metric, for what exports them."""


def read() -> dict[str, int]:
    """Return all counts of this process, by name and label.

    A key looks as in Prometheus: ``realtime_sockets_closed_total{reason="stale"}``. Gauges and
    histograms are not among them.
    """
    return {
        f'{metric.name}{{{metric.label}="{value}"}}' if metric.label else metric.name: count
        for metric in ALL
        if isinstance(metric, Counter)
        for value, count in metric.read().items()
    }


def read_all() -> dict[str, Values]:
    """Return what all metrics of this process have, by name; JSON can carry it."""
    return {metric.name: dict(metric.read()) for metric in ALL}
