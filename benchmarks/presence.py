"""Measures presence in a process: ``python -m benchmarks.presence BACKEND [SOCKETS [SECONDS]]``.

``BACKEND`` is ``redis`` or ``database``. The measurements are printed as JSON. The process has a
roster and nothing else, so that all the CPU time that it uses is that of presence.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from benchmarks.publish_costs import start_postgres
from tests.processes.redis_server import RedisServer
from tests.processes.waiting import wait_until

if TYPE_CHECKING:
    from realtime.roster.roster import Roster

SOCKETS = 10_000
STREAM = "room.1"
"""Which all follow."""

SETTLE_SECONDS = 5.0
"""Until what was announced has been broadcast too."""
REST_SECONDS = 20
"""Four renewals; half of that time sockets come and go."""
CHANGES_A_SECOND = 500
"""Sockets that come, and sockets that go."""


def main(backend: str, sockets: int = SOCKETS, seconds: int = REST_SECONDS) -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        os.environ.update(LOG=backend, DJANGO_SETTINGS_MODULE="benchmarks.servers.settings")
        redis = RedisServer(Path(directory))
        redis.start()
        stack.callback(redis.kill)
        os.environ["REDIS_URL"] = redis.url
        if backend == "database":
            os.environ["DATABASE_URL"] = start_postgres(stack)
        django.setup()
        if backend == "database":
            call_command("migrate", verbosity=0)
        measured = asyncio.run(measure(sockets, seconds))
        print(json.dumps({f"{backend}_{name}": value for name, value in measured.items()}))


async def measure(sockets: int, seconds: int) -> dict[str, float]:
    """Return the CPU time in milliseconds a second at rest, and in microseconds a change."""
    from realtime.roster.roster import running_roster

    roster = running_roster()
    began, wall = time.process_time(), time.perf_counter()
    for number in range(sockets):
        arrive(roster, number)
    await all_there(sockets)
    arrived, arrived_wall = time.process_time() - began, time.perf_counter() - wall
    await asyncio.sleep(SETTLE_SECONDS)
    began = time.process_time()
    await asyncio.sleep(seconds)
    rest = time.process_time() - began
    began = time.process_time()
    changes = await change(roster, sockets, seconds / 2)
    changed = time.process_time() - began - rest / 2
    return {
        "presence_rest_ms": rest / seconds * 1000,
        "presence_change_us": changed / changes * 1e6,
        "presence_all_arrive_s": arrived_wall,
        "presence_all_arrive_us": arrived / sockets * 1e6,
    }


def arrive(roster: Roster, number: int) -> None:
    """Let a user's socket come, and follow the stream."""
    roster.arrived(f"socket{number}", str(number))
    roster.arrived(f"socket{number}", str(number), STREAM)


async def all_there(sockets: int) -> None:
    """Wait until everybody is known, and announced."""
    from realtime.roster import presence_backend

    backend = presence_backend()
    assert backend is not None
    last = [str(sockets - 1)]
    await asyncio.to_thread(wait_until, lambda: backend.attending(STREAM, last), 120, "known")
    await asyncio.to_thread(wait_until, lambda: not backend.pending(), 120, "announced")


async def change(roster: Roster, sockets: int, seconds: float) -> int:
    """Let sockets go and come for some seconds; returns how many did either."""
    steps = round(seconds * 10)
    a_step = CHANGES_A_SECOND // 10
    for step in range(steps):
        for number in range(step * a_step, (step + 1) * a_step):
            roster.ended(f"socket{number % sockets}")
            arrive(roster, sockets + number)
        await asyncio.sleep(0.1)
    return 2 * steps * a_step


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
