"""What a site needs for a number of sockets, on paper: ``python -m benchmarks.scaling_model``.

Prints a table for ``SIZES``, and at how many sockets one of each part is no longer enough. The
costs are those that ``python -m benchmarks.scale`` and docs/performance.md measured. It is
arithmetic: nothing runs, and queues are left out, so no part is planned to be busier than ``BUSY``.
``--simulate`` also draws where a million sockets and their streams are, to see that chance leaves
no part far above its average.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

SIZES = (10_000, 100_000, 1_000_000)
SOCKETS_EACH = 10_000
"""The most that a process has been measured with."""

MAX_SOCKETS = 5_000_000
"""Sockets up to which limits are looked for."""

BUSY = 0.5
"""The part of a core that is used, so that there is room for a burst or a restart."""


@dataclass(frozen=True)
class Costs:
    """CPU times in microseconds, memory in bytes; see docs/scaling.md for where each is from."""

    ping: float = 93.0
    """A server's for a ping and its pong."""
    event: float = 220.0
    """A server's for an event that comes alone, however many follow it there."""
    delivery: float = 6.4
    """A server's for each socket that the event is sent to."""
    skip: float = 20.0
    """A server's for an event that nobody follows there."""
    connect: float = 1800.0
    """A server's for a socket that signs in by its session and follows two streams."""
    publish: float = 900.0
    """A publisher's, which is a server or a worker."""
    layer_publish: float = 9.0
    """Redis's for taking a message of the channel layer that comes alone."""
    layer_forward: float = 8.4
    """Redis's for handing it to one process."""
    log_publish: float = 850.0
    """PostgreSQL's for an event: its row, its number, their commits."""
    redis_log_publish: float = 45.0
    """Redis's for an event, in the log that is kept there."""
    redis_log_prune: float = 40.0
    """Redis's for one stream, once in ``Work.prune_every`` seconds."""
    server_rest: float = 10_000.0
    """A server's in a second, whatever its sockets do."""
    log_rest: float = 10_000.0
    """PostgreSQL's in a second for each process: checks, leases, and new connections for them."""
    coming: float = 470.0
    """PostgreSQL's for a socket that comes: where its streams are, its presence, its record."""
    replay: float = 240.0
    """PostgreSQL's for a stream from which 20 events are replayed."""
    position: float = 125.0
    """PostgreSQL's part of that where a replica has the events."""
    socket_memory: float = 39 * 1024
    process_memory: float = 46 * 1024**2
    group_memory: float = 268.0
    """Redis's for a group that one process has joined."""
    event_bytes: float = 650.0
    """An event in PostgreSQL with its indexes."""
    redis_event_bytes: float = 230.0
    redis_stream_bytes: float = 5000.0
    """A stream in the log in Redis, whatever is in it."""
    process_connections: float = 4.0
    """Connections of a busy process to PostgreSQL; at rest it keeps one."""


@dataclass(frozen=True)
class Work:
    """What the users do. Each has one socket, which follows the user's own stream and one room."""

    heartbeat: float = 10.0
    """Seconds between two pings."""
    direct_every: float = 60.0
    """Seconds between two events for one user."""
    room_size: int = 100
    room_every: float = 10.0
    """Seconds between two events for one room."""
    wide: float = 0.02
    """The part of all events that goes to more than three streams, and so to every process."""
    return_within: float = 300.0
    """Seconds in which all sockets come back when the servers are restarted."""
    stays: float = 1800.0
    """Seconds for which a socket is open."""
    prune_every: float = 60.0
    retention_count: int = 1000
    retention_age: float = 7 * 86400.0


@dataclass(frozen=True)
class Need:
    """What a number of sockets needs; rates are a second, and cores are wholly busy ones."""

    sockets: int
    processes: int
    heartbeats: float
    published: float
    """Events that are published."""
    arrivals: float
    """Messages of the channel layer that reach a process."""
    deliveries: float
    """Events that are sent to a socket."""
    server_cores: float
    publisher_cores: float
    server_memory: float
    layer_cores: float
    widest_cores: float
    """Of the one Redis that has the group of all hubs, for that group alone."""
    layer_memory: float
    layer_connections: int
    """To each Redis of the layer: a process reads with one, and writes with others."""
    redis_log_cores: float
    redis_log_memory: float
    log_cores: float
    """Of PostgreSQL, with presence and the recorder."""
    return_cores: float
    """Of PostgreSQL, while all sockets come back within ``Work.return_within`` and miss events."""
    return_cores_with_replica: float
    """Of the primary in that time, where a replica has the events."""
    log_rows: float
    """Rows that are written a second: events, presence, lives of sockets."""
    log_bytes: float
    """Of the events that are kept."""
    log_connections: float


def need(sockets: int, costs: Costs, work: Work) -> Need:
    """Return what so many sockets need."""
    processes = ceil(sockets / SOCKETS_EACH)
    while (found := _with_processes(sockets, processes, costs, work)).server_cores > (
        processes * BUSY
    ):
        processes = max(processes + 1, ceil(found.server_cores / BUSY))
    return found


def _with_processes(sockets: int, processes: int, costs: Costs, work: Work) -> Need:
    heartbeats = sockets / work.heartbeat
    direct = sockets / work.direct_every
    rooms = ceil(sockets / work.room_size)
    room_events = rooms / work.room_every
    in_processes = touched(processes, work.room_size)
    published = direct + room_events
    wide = published * work.wide
    arrivals = direct + room_events * in_processes + wide * processes
    deliveries = direct + room_events * work.room_size
    connects = sockets / work.stays
    returns = sockets / work.return_within
    server_us = (
        processes * costs.server_rest
        + heartbeats * costs.ping
        + (arrivals - wide * processes) * costs.event
        + wide * processes * costs.skip
        + deliveries * costs.delivery
        + connects * costs.connect
    )
    groups = sockets + rooms * in_processes + processes
    kept = min(published * work.retention_age, (sockets + rooms) * work.retention_count)
    return Need(
        sockets=sockets,
        processes=processes,
        heartbeats=heartbeats,
        published=published,
        arrivals=arrivals,
        deliveries=deliveries,
        server_cores=server_us / 1e6,
        publisher_cores=published * costs.publish / 1e6,
        server_memory=sockets * costs.socket_memory + processes * costs.process_memory,
        layer_cores=(published * costs.layer_publish + arrivals * costs.layer_forward) / 1e6,
        widest_cores=wide * (costs.layer_publish + processes * costs.layer_forward) / 1e6,
        layer_memory=groups * costs.group_memory,
        layer_connections=3 * processes,
        redis_log_cores=(
            published * costs.redis_log_publish
            + (sockets + rooms) / work.prune_every * costs.redis_log_prune
        )
        / 1e6,
        redis_log_memory=kept * costs.redis_event_bytes
        + (sockets + rooms) * costs.redis_stream_bytes,
        log_cores=(
            published * costs.log_publish + 2 * connects * costs.coming + processes * costs.log_rest
        )
        / 1e6,
        return_cores=returns * (costs.coming + 2 * costs.replay) / 1e6,
        return_cores_with_replica=returns * (costs.coming + 2 * costs.position) / 1e6,
        log_rows=published + connects * 4,
        log_bytes=kept * costs.event_bytes,
        log_connections=processes * costs.process_connections,
    )


def touched(processes: int, members: int) -> float:
    """Return in how many of the processes there is one of the members, on average."""
    return processes * (1 - (1 - 1 / processes) ** members)


@dataclass(frozen=True)
class Limit:
    """What one of a part can do, and what to turn where that is not enough."""

    part: str
    used: Callable[[Need], float]
    most: float
    turn: str


LIMITS = (
    Limit("a process", lambda need: need.processes, 1, "more processes"),
    Limit(
        "PostgreSQL's 4 cores, log and presence",
        lambda need: need.log_cores,
        4 * BUSY,
        "the log or a part of it in Redis; a database for some prefixes",
    ),
    Limit(
        "100 connections of PostgreSQL",
        lambda need: need.log_connections,
        97,
        "a pooler, or max_connections",
    ),
    Limit("the Redis of the layer", lambda need: need.layer_cores, BUSY, "more hosts of the layer"),
    Limit(
        "the one Redis with the group of all hubs",
        lambda need: need.widest_cores,
        BUSY,
        "one stream that many follow, in place of a publish to many streams",
    ),
    Limit(
        "the Redis of a Redis log",
        lambda need: need.redis_log_cores,
        BUSY,
        "Redis Cluster, or logs by prefix",
    ),
    Limit(
        "64 GiB of a Redis log",
        lambda need: need.redis_log_memory,
        64 * 1024**3,
        "RETENTION; then Redis Cluster",
    ),
    Limit(
        "10,000 connections of a Redis",
        lambda need: need.layer_connections,
        10_000,
        "maxclients",
    ),
)


def breaks_at(limit: Limit, costs: Costs, work: Work) -> int | None:
    """Return the number of sockets, two digits of it, at which a limit is passed; None if that is
    beyond ``MAX_SOCKETS``."""
    low, high = 1, MAX_SOCKETS
    if limit.used(need(high, costs, work)) <= limit.most:
        return None
    while high - low > low / 100:
        middle = (low + high) // 2
        if limit.used(need(middle, costs, work)) > limit.most:
            high = middle
        else:
            low = middle
    return int(float(f"{high:.1e}"))


def simulate(
    sockets: int, processes: int, shards: int, room_size: int, prefix: str, seed: int
) -> dict[str, float]:
    """Draw where sockets and streams are; returns how far the fullest part is above its average."""
    from channels_redis.utils import _consistent_hash

    draw = random.Random(seed)
    at = [draw.randrange(processes) for _ in range(sockets)]
    rooms = {(user // room_size, process) for user, process in enumerate(at)}
    arrivals = Counter(process for _, process in rooms)
    names = [f"user.{number}" for number in range(sockets)]
    names += [f"room.{number}" for number in range(ceil(sockets / room_size))]
    groups = Counter(_consistent_hash(prefix + name, shards) for name in names)
    return {
        "sockets of a process": _fullest(Counter(at).values()),
        "room events of a process": _fullest(arrivals.values()),
        "groups of a Redis": _fullest(groups.values()),
        "processes that a room is in": len(rooms) / ceil(sockets / room_size),
    }


def _fullest(counts: Iterable[int]) -> float:
    found = list(counts)
    return max(found) * len(found) / sum(found)


def table(costs: Costs, work: Work) -> str:
    """Return the table for ``SIZES``, in Markdown."""
    needs = [need(size, costs, work) for size in SIZES]
    lines = ["| | " + " | ".join(f"{size:,}" for size in SIZES) + " |"]
    lines.append("|---|" + "---:|" * len(SIZES))
    for label, show in SHOWN:
        lines.append(f"| {label} | " + " | ".join(map(show, needs)) + " |")
    return "\n".join(lines)


SHOWN: tuple[tuple[str, Callable[[Need], str]], ...] = (
    ("server processes", lambda one: f"{one.processes:,}"),
    ("their cores that are busy", lambda one: f"{one.server_cores:.1f}"),
    ("their memory, GiB", lambda one: f"{one.server_memory / 1024**3:.1f}"),
    ("heartbeats a second", lambda one: f"{one.heartbeats:,.0f}"),
    ("events published a second", lambda one: f"{one.published:,.0f}"),
    ("deliveries to sockets a second", lambda one: f"{one.deliveries:,.0f}"),
    ("publishing, cores", lambda one: f"{one.publisher_cores:.1f}"),
    ("layer: messages to processes a second", lambda one: f"{one.arrivals:,.0f}"),
    ("layer: Redis cores", lambda one: f"{one.layer_cores:.2f}"),
    ("layer: Redis servers", lambda one: f"{ceil(one.layer_cores / BUSY):,}"),
    ("layer: the busiest of them, cores for all hubs", lambda one: f"{one.widest_cores:.2f}"),
    ("layer: memory of groups, MiB", lambda one: f"{one.layer_memory / 1024**2:,.0f}"),
    ("layer: connections to each Redis", lambda one: f"{one.layer_connections:,}"),
    ("PostgreSQL: rows written a second", lambda one: f"{one.log_rows:,.0f}"),
    ("PostgreSQL: cores", lambda one: f"{one.log_cores:.1f}"),
    ("PostgreSQL: cores more while all come back", lambda one: f"{one.return_cores:.1f}"),
    ("the same with a replica", lambda one: f"{one.return_cores_with_replica:.1f}"),
    ("PostgreSQL: events kept, GiB", lambda one: f"{one.log_bytes / 1024**3:,.0f}"),
    ("PostgreSQL: connections", lambda one: f"{one.log_connections:,.0f}"),
    ("with the log in Redis: its cores", lambda one: f"{one.redis_log_cores:.2f}"),
    (
        "with the log in Redis: its memory, GiB",
        lambda one: f"{one.redis_log_memory / 1024**3:,.0f}",
    ),
)


def breaks(costs: Costs, work: Work) -> str:
    """Return the limits in the order in which they are passed, in Markdown."""
    passed = [(breaks_at(limit, costs, work), limit) for limit in LIMITS]
    lines = ["| sockets | what is at its limit | what to turn |", "|---:|---|---|"]
    for at, limit in sorted(passed, key=lambda pair: pair[0] or 10**12):
        lines.append(
            f"| {f'{at:,}' if at else f'above {MAX_SOCKETS:,}'} | {limit.part} | {limit.turn} |"
        )
    return "\n".join(lines)


def main(*arguments: str) -> None:
    costs, work = Costs(), Work()
    print(table(costs, work), breaks(costs, work), sep="\n\n")
    if "--simulate" in arguments:
        most = need(SIZES[-1], costs, work)
        shards = ceil(most.layer_cores / BUSY)
        prefix = "asgi__group__realtime.0f3e9a77."
        found = simulate(most.sockets, most.processes, shards, work.room_size, prefix, seed=1)
        print()
        for name, value in found.items():
            print(f"{name}: {value:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
