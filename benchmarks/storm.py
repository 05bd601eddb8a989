"""A storm: all sockets of a server come back at once and want what they have missed."""

from __future__ import annotations

import asyncio
import time

from benchmarks.load.conversations import ROOM
from benchmarks.load.crowd import Crowd
from benchmarks.running import Running
from benchmarks.workloads import Countdown, Measured

MISSED = 20
"""Events that everyone has missed."""

AT_ONCE = 1000
"""Handshakes under way at the same time; the others wait for their turn, as a backlog would."""

QUIET = 0.05
"""Share of its core that a server uses at most when it has got over the last leave."""


async def storm(run: Running, sockets: int) -> Measured:
    """Take all sockets away, publish, and let them come back.

    Where there is nothing to resume, they only connect and follow.
    """
    crowd = Crowd(run.peer.conversation, run.server.port, at_once=AT_ONCE)
    await crowd.join(range(1, sockets + 1))
    await crowd.leave()
    await at_rest(run)
    missed = MISSED if run.peer.conversation.resumes else 0
    for _ in range(missed):
        run.publish(ROOM)
    await at_rest(run)
    heard = Countdown(missed * sockets)
    crowd.on_event = heard.one
    began, cpu = time.perf_counter(), run.cpu_us()
    await crowd.come_back()
    await heard.wait()
    return {
        "storm_seconds": time.perf_counter() - began,
        "storm_us": (run.cpu_us() - cpu) / sockets,
    }


async def at_rest(run: Running) -> None:
    """Wait until the server has little to do."""
    while True:
        before = run.cpu_us()
        await asyncio.sleep(1)
        if run.cpu_us() - before < QUIET * 1e6:
            return
