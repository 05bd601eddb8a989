"""Measures one check of the log: ``python -m benchmarks.checks LOG [STREAMS ...]``.

``LOG`` is ``redis`` or ``database``. A process follows that many streams, and has been handed
0, 100 or 10,000 events since its last check. Each line is a table's row: round trips to the log,
the CPU time in milliseconds of this process and of the log, and the seconds that the check takes.
*All* is a check that compares every stream; *in turn* is what each check compares in addition. The
log holds ``HELD`` streams in every row. Passes of the garbage collector don't count: they depend on
how many streams are followed, whatever is checked.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.core.management import call_command

from tests.processes.postgres import Postgres
from tests.processes.redis_server import RedisServer

if TYPE_CHECKING:
    from realtime.eventlog import EventLog, LoggedEvent
    from realtime.fanout.feed import Feed

HELD = 1_000_000
FOLLOWED = (1_000, 10_000, 100_000, 1_000_000)
EVENTS = (0, 100, 10_000)
STREAMS_EACH = {"redis": 1, "database": 100}
"""Streams that one publish goes to. In the database each has a row, and many take less time."""
POSITION_CHECK = 10.0
PAUSE = 11.0
"""Seconds before the events of a row; then no earlier ones are looked for again."""

FILL_DATABASE = """
    INSERT INTO realtime_streamhead (name, epoch, top, pruned)
    SELECT 'user.' || n, 'e', 1, 0 FROM generate_series(0, {held} - 1) n;
    INSERT INTO realtime_event
        (stream, "offset", event_id, name, data, at, logged_at, numbered_at, wants_receipt)
    SELECT 'user.' || n, 1, 'of' || n, 'n', '{{}}', 1, now() - interval '1 hour',
           now() - interval '1 hour', false
    FROM generate_series(0, {held} - 1) n;
"""

FILL_REDIS = """
for n = ARGV[1], ARGV[2] do
    redis.call('HSET', 'realtime:head:user.' .. n, 'epoch', 'e', 'top', 1)
end
"""


@dataclass
class Followed:
    """The feeds of the streams that are followed, by name."""

    feeds: dict[str, Feed]

    def followed(self) -> list[str]:
        """Return the names."""
        return list(self.feeds)

    def feed(self, stream: str) -> Feed | None:
        """Return the feed of a stream."""
        return self.feeds.get(stream)


@dataclass
class Store:
    """What the log is in: how often it was asked, and the CPU time that it has used."""

    trips: Callable[[], int]
    pid: int

    def cpu(self) -> float:
        """Return the seconds of all of its processes."""
        pids = [self.pid, *_children(self.pid)]
        return sum(_nanoseconds(pid) for pid in pids) / 1e9


def main(log: str, *followed: str) -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        os.environ.update(LOG=log, DJANGO_SETTINGS_MODULE="benchmarks.servers.settings")
        redis = RedisServer(Path(directory))
        redis.start()
        stack.callback(redis.kill)
        os.environ["REDIS_URL"] = redis.url
        pid = redis.pid
        if log == "database":
            postgres = Postgres(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            postgres.start()
            stack.callback(postgres.kill)
            os.environ["DATABASE_URL"] = postgres.create_database()
            pid = postgres.pid
        django.setup()
        logging.disable(logging.CRITICAL)
        gc.disable()
        store = Store(_fill(log, redis.url), pid)
        print("| followed | events | trips | CPU here, ms | CPU of the log, ms | seconds |")
        for count in map(int, followed or FOLLOWED):
            asyncio.run(measure(count, store))
            gc.collect()


def _fill(log: str, redis_url: str) -> Callable[[], int]:
    """Fill the log; returns what counts the requests to it."""
    if log == "redis":
        from redis import Redis
        from redis.connection import AbstractConnection

        observer = Redis.from_url(redis_url)
        for start in range(0, HELD, 10_000):
            observer.eval(FILL_REDIS, 0, start, start + 9_999)
        return _count_calls(AbstractConnection, "send_packed_command")
    from django.db import connection, connections
    from django.db.backends.utils import CursorWrapper

    connections.settings["default"]["CONN_MAX_AGE"] = None
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(FILL_DATABASE.format(held=HELD))
        cursor.execute("VACUUM ANALYZE")
    return _count_calls(CursorWrapper, "execute")


def _count_calls(of: Any, method: str) -> Callable[[], int]:
    calls, original = itertools.count(), getattr(of, method)
    called = [0]

    def counted(self: Any, *args: Any, **options: Any) -> Any:
        called[0] = next(calls) + 1
        return original(self, *args, **options)

    setattr(of, method, counted)
    return lambda: called[0]


async def measure(count: int, store: Store) -> None:
    """Print the rows for a number of followed streams."""
    from realtime.concurrency.threads import run_sync
    from realtime.eventlog import event_log
    from realtime.fanout.feed import Feed
    from realtime.fanout.log_reader import LogReader
    from realtime.fanout.log_watch import ALL_WITHIN, LogWatch

    log = event_log()
    assert log is not None
    to_compare: set[str] = set()
    reader, feeds = LogReader(log), {}
    for number in range(count):
        feeds[f"user.{number}"] = Feed(f"user.{number}", reader, to_compare)
    names = list(feeds)
    for start in range(0, count, 1000):
        found = await run_sync(log.positions, names[start : start + 1000])
        for name, position in found.items():
            await feeds[name].check(position, position)
    watch = LogWatch(log, Followed(feeds), to_compare)
    for task in watch._tasks:
        task.cancel()
    await asyncio.sleep(PAUSE)
    await row(f"{count:,} | all", store, watch._check_moved)
    for events in EVENTS:
        await asyncio.sleep(PAUSE)
        for event in await run_sync(publish, log, count, events):
            feeds[event.stream].take(event)
        watch._turns.begin(names, asyncio.get_running_loop().time())
        await row(f"{count:,} | {events:,}", store, watch._check_moved)
    in_turn = names[: round(count * POSITION_CHECK / ALL_WITHIN)]
    await row(f"{count:,} | in turn", store, lambda: watch._compare(in_turn))


def publish(log: EventLog, count: int, events: int) -> list[LoggedEvent]:
    """Publish events to streams of those; returns what is broadcast."""
    from realtime.eventlog import Draft

    arrived: list[LoggedEvent] = []
    streams_each = STREAMS_EACH[os.environ["LOG"]]
    for start in range(0, events, streams_each):
        streams = [f"user.{(start + n) * 7919 % count}" for n in range(streams_each)]
        draft = Draft(f"{time.time_ns()}", "call.state", '{"state": "ringing"}', 1)
        log.append(streams, draft, arrived.extend)
    return arrived


async def row(label: str, store: Store, check: Callable[[], Any]) -> None:
    """Print what a check costs."""
    from realtime.concurrency.threads import run_sync
    from realtime.eventlog import event_log

    log = event_log()
    assert log is not None
    await run_sync(log.positions, ["user.0"])  # Now a thread has a connection.
    trips, log_cpu, cpu, wall = store.trips(), store.cpu(), time.process_time(), time.perf_counter()
    await check()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    log_cpu, trips = store.cpu() - log_cpu, store.trips() - trips
    print(
        f"| {label} | {trips} | {cpu * 1000:.1f} | {log_cpu * 1000:.1f} | {wall:.3f} |", flush=True
    )


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _nanoseconds(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except FileNotFoundError:
        return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
