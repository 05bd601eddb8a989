"""The project's targets, as numbers to compare a run with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import peers
from benchmarks.peers import Peer
from benchmarks.results import Results

OURS = peers.REALTIME
STOCK = peers.REALTIME_STOCK
SHARK = peers.SOCKETSHARK_PEER


Value = Callable[[Results], float | None]


@dataclass(frozen=True)
class Target:
    """A lower or upper bound for a number; ``aim`` is a better value still.

    ``value`` finds the number in the results; None if it was not measured. ``floor`` finds the same
    number for the work without this project, by a server that only passes on ready-made text; or
    without what is measured, such as stalled readers.
    """

    name: str
    value: Value
    at_least: float | None = None
    at_most: float | None = None
    aim: float | None = None
    floor: Value | None = None

    @property
    def wanted(self) -> str:
        """Return the bound and the aim as text."""
        bound = f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"
        return bound if self.aim is None else f"{bound}, aim {self.aim:g}"

    def reached(self, value: float) -> bool:
        """Return whether ``value`` is within the bound."""
        if self.at_least is not None:
            return value >= self.at_least
        assert self.at_most is not None
        return value <= self.at_most


def median(metric: str, peer: Peer = OURS) -> Value:
    """Return a function that finds a peer's own number."""
    return lambda results: results.median(metric, peer.name)


def ratio(metric: str, one: Peer, other: Peer) -> Value:
    """Return a function that finds the ratio of the numbers of ``one`` and ``other``."""
    return lambda results: results.ratio(metric, one.name, other.name)


def moved(peer: Peer, then: str, now: str) -> Value:
    """Return a function that finds the factor by which p99 grows from one part to another."""

    def value(results: Results) -> float | None:
        before, after = (results.median(f"{part}_p99_ms", peer.name) for part in (then, now))
        return after / before if before and after else None

    return value


def grown(peer: Peer) -> Value:
    """Return a function that finds how the cost of a delivery grows with ten times the sockets."""

    def value(results: Results) -> float | None:
        few, most = (results.median(f"{name}_us", peer.name) for name in ("few", "most"))
        return most / few if few and most else None

    return value


def of_heartbeats(backend: str) -> Value:
    """Return a function that finds what presence costs, in percent of the sockets' heartbeats.

    The heartbeats are those of the default, one every 10 s for each of 10,000 sockets.
    """

    def value(results: Results) -> float | None:
        presence = results.median(f"{backend}_presence_rest_ms", OURS.name)
        heartbeat = results.median("heartbeat_us", OURS.name)
        # A thousand heartbeats a second: their microseconds each are milliseconds a second.
        return 100 * presence / heartbeat if presence and heartbeat else None

    return value


def of_stalled(server: str, peer: Peer) -> tuple[Target, ...]:
    """Return the targets for stalled readers."""
    return (
        Target(
            f"stalled readers, {server}: p99 of the others, times",
            moved(peer, "calm", "stalled"),
            at_most=1.1,
            floor=moved(peer, "before", "calm"),
        ),
        Target(
            f"stalled readers, {server}: KiB for each", median("kib_a_stalled", peer), at_most=300
        ),
        Target(
            f"stalled readers, {server}: events missing in the end",
            median("stalled_holes", peer),
            at_most=0,
        ),
    )


TARGETS = (
    Target(
        "fan-out: times cheaper than SocketShark", ratio("fan_out_us", SHARK, OURS), at_least=4.5
    ),
    Target(
        "fan-out: times cheaper than python-socketio",
        ratio("fan_out_us", peers.PYTHON_SOCKETIO, OURS),
        at_least=6.5,
    ),
    Target(
        "fan-out: times cheaper than plain Channels",
        ratio("fan_out_us", peers.CHANNELS_PUBSUB, OURS),
        at_least=20,
    ),
    Target(
        "fan-out: as cheap as bare ASGI on Uvicorn",
        ratio("fan_out_us", peers.BARE_UVICORN, OURS),
        at_least=0.8,
        aim=0.95,
    ),
    Target(
        "fan-out: as cheap as bare ASGI, Uvicorn as it is for both",
        ratio("fan_out_us", peers.BARE_UVICORN, STOCK),
        at_least=0.8,
        aim=0.95,
    ),
    Target(
        "fan-out: as cheap as bare ASGI on Daphne",
        ratio("fan_out_us", peers.BARE_DAPHNE, peers.REALTIME_DAPHNE),
        at_least=0.65,
        aim=0.95,
    ),
    Target(
        "fan-out: times cheaper than socket.io on Node",
        ratio("fan_out_us", peers.SOCKETIO_NODE, OURS),
        at_least=1,
    ),
    Target(
        "fan-out: cost with the Redis log, times",
        ratio("fan_out_us", peers.REALTIME_LOG, OURS),
        at_most=1.1,
    ),
    Target(
        "fan-out: cost with ten times the sockets, times",
        grown(OURS),
        at_most=1.1,
        floor=grown(peers.BARE_JOINED),
    ),
    Target(
        "direct: CPU an event, times SocketShark's",
        ratio("direct_us", OURS, SHARK),
        at_most=0.75,
        floor=ratio("direct_us", peers.BARE_UVICORN, SHARK),
    ),
    Target(
        "direct: CPU an event, times socket.io's on Node",
        ratio("direct_us", OURS, peers.SOCKETIO_NODE),
        at_most=1.25,
        floor=ratio("direct_us", peers.BARE_UVICORN, peers.SOCKETIO_NODE),
    ),
    Target(
        "direct, each event alone: p50 from publish to frame, times SocketShark's",
        ratio("single_p50_ms", OURS, SHARK),
        at_most=1,
        floor=ratio("single_p50_ms", peers.BARE_UVICORN, SHARK),
    ),
    Target(
        "direct, each event alone: CPU, times SocketShark's",
        ratio("single_us", OURS, SHARK),
        at_most=0.75,
        floor=ratio("single_us", peers.BARE_UVICORN, SHARK),
    ),
    Target(
        "connecting with a session, CPU µs",
        median("connect_us", peers.REALTIME_SESSION),
        at_most=1000,
        floor=median("connect_us", peers.BARE_JOINED),
    ),
    Target(
        "memory a socket with a user of a session, KiB",
        median("kib_a_socket", peers.REALTIME_SESSION),
        at_most=16,
        floor=median("kib_a_socket", peers.BARE_JOINED),
    ),
    Target(
        "memory a socket, times SocketShark's",
        ratio("kib_a_socket", OURS, SHARK),
        at_most=1,
        aim=0.8,
    ),
    Target(
        "memory a socket on Uvicorn as it is, times SocketShark's",
        ratio("kib_a_socket", STOCK, SHARK),
        at_most=1,
        aim=0.8,
    ),
    Target(
        "memory a socket with a user of a session, times SocketShark's",
        ratio("kib_a_socket", peers.REALTIME_SESSION, SHARK),
        at_most=1.2,
        aim=0.8,
    ),
    Target(
        "a ping and its pong on Uvicorn, µs",
        median("heartbeat_us"),
        at_most=60,
        aim=40,
        floor=median("heartbeat_us", peers.BARE_UVICORN),
    ),
    Target(
        "a ping and its pong on Uvicorn as it is, µs",
        median("heartbeat_us", STOCK),
        at_most=80,
        aim=40,
        floor=median("heartbeat_us", peers.BARE_UVICORN),
    ),
    Target(
        "a ping and its pong on Daphne, µs",
        median("heartbeat_us", peers.REALTIME_DAPHNE),
        at_most=160,
        aim=80,
    ),
    Target(
        "storm: times python-socketio's, which recovers nothing",
        ratio("storm_seconds", peers.REALTIME_LOG_SESSION, peers.PYTHON_SOCKETIO),
        at_most=2.5,
    ),
    Target("a publish with the Redis log: round trips", median("redis_round_trips"), at_most=2),
    Target("a broadcast from sync code, ms", median("broadcast_ms"), at_most=0.3),
    Target(
        "publishes a second, database log, 8 threads", median("publishes_a_second"), at_least=1500
    ),
    Target(
        "publishes a second, Redis log, one event loop",
        median("redis_publishes_a_second_by_one_loop"),
        at_least=2500,
    ),
    Target(
        "a publish with the database log, times a bare INSERT",
        median("inserts_a_publish"),
        at_most=6,
        aim=3,
    ),
    Target("a publish to 200 streams, database log, ms", median("many_streams_ms"), at_most=20),
    Target(
        "presence of 10,000 sockets, database: % of their heartbeats' CPU",
        of_heartbeats("database"),
        at_most=5,
    ),
    Target(
        "presence of 10,000 sockets, Redis: % of their heartbeats' CPU",
        of_heartbeats("redis"),
        at_most=5,
    ),
    *of_stalled("Uvicorn", peers.REALTIME_LOG),
    *of_stalled("Daphne", peers.REALTIME_LOG_DAPHNE),
)
