"""A storm: all sockets of a server come back together and resume."""

from __future__ import annotations

import asyncio
import time

from benchmarks.load.conversations import ROOM
from benchmarks.load.crowd import Crowd
from benchmarks.running import Running
from benchmarks.workloads import Countdown, Measured

MISSED = 20
"""Events that each client has missed."""

MAX_HANDSHAKES = 1000
"""Handshakes under way at the same time; the others wait, as in a listen queue."""

IDLE = 0.05
"""Fraction of its core that an idle server uses at most."""


async def storm(run: Running, sockets: int) -> Measured:
    """Close all sockets, publish, and let them come back.

    Clients that can't resume only connect and follow their streams.
    """
    crowd = Crowd(run.peer.conversation, run.server.port, max_handshakes=MAX_HANDSHAKES)
    await crowd.join(range(1, sockets + 1))
    await crowd.leave()
    await server_idle(run)
    missed = MISSED if run.peer.conversation.resumes else 0
    for _ in range(missed):
        run.publish(ROOM)
    await server_idle(run)
    received = Countdown(missed * sockets)
    crowd.on_event = received.one
    began, cpu = time.perf_counter(), run.cpu_us()
    await crowd.come_back()
    await received.wait()
    return {
        "storm_seconds": time.perf_counter() - began,
        "storm_us": (run.cpu_us() - cpu) / sockets,
    }


async def server_idle(run: Running) -> None:
    """Wait until the server is idle."""
    while True:
        before = run.cpu_us()
        await asyncio.sleep(1)
        if run.cpu_us() - before < IDLE * 1e6:
            return
