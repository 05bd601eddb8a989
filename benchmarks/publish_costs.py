"""Measures the cost of ``publish`` in its own process: ``python -m benchmarks.publish_costs LOG``.

``LOG`` is ``redis`` or ``database``. The measurements are printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django

from tests.processes.postgres import Postgres
from tests.processes.redis_server import RedisServer

THREADS = 8
TASKS = 32
"""The publishes of an event loop that are under way together."""
MANY_STREAMS = 200
USERS = 1000
REPEATS = 200
"""The calls of which the median is taken."""
SECONDS = 1.0
ROUNDS = 5

DATA = {"call": 48213, "state": "ringing", "from": "+15550100123", "queue": "support"}

Measured = dict[str, float]


def main(log: str) -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        os.environ.update(LOG=log, DJANGO_SETTINGS_MODULE="benchmarks.servers.settings")
        redis = RedisServer(Path(directory))
        redis.start()
        stack.callback(redis.kill)
        os.environ["REDIS_URL"] = redis.url
        if log == "database":
            os.environ["DATABASE_URL"] = start_postgres(stack)
        django.setup()
        measured = with_redis_log(redis.url) if log == "redis" else with_database_log()
        print(json.dumps(measured))


def start_postgres(stack: ExitStack) -> str:
    """Start PostgreSQL and return the URL of a database in it."""
    postgres = Postgres(Path(stack.enter_context(tempfile.TemporaryDirectory())))
    postgres.start()
    stack.callback(postgres.kill)
    return postgres.create_database()


def with_redis_log(url: str) -> Measured:
    """Time a publish and a broadcast, and count the round trips to Redis for a publish."""
    from redis import Redis

    from realtime import publish

    observer = Redis.from_url(url)

    def reads() -> int:
        return int(observer.info("stats")["total_reads_processed"])

    publish("user.1", "call.state", DATA)
    before = reads()
    took = milliseconds(lambda: publish("user.1", "call.state", DATA))
    trips = (reads() - before - 1) / REPEATS
    broadcast = milliseconds(lambda: publish("user.1", "call.state", DATA, ephemeral=True))
    by_threads = [
        from_threads(lambda name: publish(name, "call.state", DATA)) for _ in range(ROUNDS)
    ]
    by_tasks = [asyncio.run(from_tasks()) for _ in range(ROUNDS)]
    return {
        "redis_publish_ms": took,
        "redis_round_trips": trips,
        "broadcast_ms": broadcast,
        "redis_publishes_a_second_by_threads": statistics.median(by_threads),
        "redis_publishes_a_second_by_one_loop": statistics.median(by_tasks),
    }


def with_database_log() -> Measured:
    """Compare publishing from several threads with inserting a row from as many."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from realtime import publish

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (id bigserial PRIMARY KEY, stream text, data text)")
    data = json.dumps(DATA)

    def insert(stream: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare (stream, data) VALUES (%s, %s)", [stream, data])

    def publish_one(stream: str) -> None:
        with transaction.atomic():
            publish(stream, "call.state", DATA)

    publish([f"user.{number}" for number in range(USERS)], "call.state", DATA)
    from_threads(publish_one)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # Autovacuum does it within a minute.
    rounds = [(from_threads(insert), from_threads(publish_one)) for _ in range(ROUNDS)]
    streams = [f"user.{number}" for number in range(MANY_STREAMS)]
    many = milliseconds(lambda: publish(streams, "call.state", DATA), times=REPEATS // 5)
    return {
        "inserts_a_second": statistics.median(inserts for inserts, _ in rounds),
        "publishes_a_second": statistics.median(publishes for _, publishes in rounds),
        "inserts_a_publish": statistics.median(one / two for one, two in rounds),
        "many_streams_ms": many,
    }


def from_threads(work: Callable[[str], None]) -> float:
    """Return how often all threads together do ``work`` in a second."""
    counts: list[int] = []

    def repeat() -> None:
        from django.db import connection

        work("user.0")
        started.wait()
        count, end = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            work(f"user.{random.randrange(USERS)}")
            count += 1
        counts.append(count)
        connection.close()

    started = threading.Barrier(THREADS)
    threads = [threading.Thread(target=repeat) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


async def from_tasks() -> float:
    """Return how many events a second one event loop publishes, ``TASKS`` at a time."""
    from realtime import apublish

    async def repeat() -> int:
        count = 0
        while time.perf_counter() < end:
            await apublish(f"user.{random.randrange(USERS)}", "call.state", DATA)
            count += 1
        return count

    await apublish("user.0", "call.state", DATA)
    end = time.perf_counter() + SECONDS
    return sum(await asyncio.gather(*(repeat() for _ in range(TASKS)))) / SECONDS


def milliseconds(call: Callable[[], Any], times: int = REPEATS) -> float:
    """Return the median time of a call."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


if __name__ == "__main__":
    main(sys.argv[1])
