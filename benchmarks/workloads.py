"""The work of every server, and what is measured."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import time
from collections.abc import Callable

from benchmarks.load.conversations import ROOM
from benchmarks.load.crowd import TIMEOUT
from benchmarks.machine import pss_kib
from benchmarks.running import Running

Measured = dict[str, float]

UNFINISHED_FAN_OUTS = 4
"""Maximum of events to the shared stream under way: enough to keep every server busy."""
UNFINISHED_DIRECT = 32
"""Maximum of events to single users under way."""

SINGLE_EVERY = 0.002
"""Seconds between two events: longer than any publisher needs for one."""

WARM_UP = 0.5
"""Seconds of warm-up for each second that is measured."""
FIRST_SOCKETS = 20
"""Sockets that connect first, so that all code is loaded before memory is measured."""

GIVEN_UP_AFTER = 2.0
"""Seconds without a delivery until missing events count as lost."""

TIME = re.compile(rb'"t": ?(\d+)')


async def connect(run: Running, sockets: int, seconds: float) -> Measured:
    """Connect ``sockets`` sockets, each of which follows two streams.

    The work that connecting leaves for the next ``seconds`` is counted too.
    """
    await run.crowd.join(range(1, FIRST_SOCKETS + 1))
    await everyone_receives(run)
    await asyncio.sleep(seconds)
    memory, cpu = pss_kib(run.server.pid), run.cpu_us()
    await run.crowd.join(range(FIRST_SOCKETS + 1, sockets + 1))
    await asyncio.sleep(seconds)
    joined = sockets - FIRST_SOCKETS
    return {
        "connect_us": (run.cpu_us() - cpu) / joined,
        "kib_a_socket": (pss_kib(run.server.pid) - memory) / joined,
    }


async def everyone_receives(run: Running) -> None:
    """Publish one event to all, and wait until each socket has received it."""
    received = Countdown(len(run.crowd.members))
    run.crowd.on_event = received.one
    run.publish(ROOM)
    await received.wait()


async def fan_out(run: Running, seconds: float) -> Measured:
    """Publish to the shared stream as fast as the server delivers."""
    size = len(run.crowd.members)
    flood = Flood(run, lambda: ROOM, deliveries=size, unfinished=UNFINISHED_FAN_OUTS)
    measured = await flood.measure(seconds)
    return {
        "fan_out_a_second": measured["deliveries"] / measured["seconds"],
        "fan_out_us": measured["cpu"] / measured["deliveries"],
        "fan_out_busy": measured["cpu"] / measured["seconds"] / 1e6,
        "fan_out_load_us": measured["load_cpu"] / measured["deliveries"],
        "fan_out_lost": measured["lost"],
    }


async def direct(run: Running, seconds: float) -> Measured:
    """Publish to random users' own streams."""
    users = len(run.crowd.members)
    flood = Flood(
        run,
        lambda: f"user.{random.randint(1, users)}",
        deliveries=1,
        unfinished=UNFINISHED_DIRECT,
    )
    measured = await flood.measure(seconds)
    return {
        "direct_a_second": measured["deliveries"] / measured["seconds"],
        "direct_us": measured["cpu"] / measured["deliveries"],
        "direct_lost": measured["lost"],
    }


async def single(run: Running, seconds: float) -> Measured:
    """Publish single events to random users' own streams, at the same pace for all servers."""
    took, run.crowd.on_event = latencies()
    cpu, events = run.cpu_us(), round(seconds / SINGLE_EVERY)
    for _ in range(events):
        run.publish(f"user.{random.randint(1, len(run.crowd.members))}")
        await asyncio.sleep(SINGLE_EVERY)
    await arrival(lambda: len(took), events)
    p50_ms = statistics.median(took) / 1e6
    return {"single_us": (run.cpu_us() - cpu) / events, "single_p50_ms": p50_ms}


async def paced(run: Running, seconds: float, **more: str) -> Measured:
    """Publish ten times a second to the shared stream, and measure the latency of each delivery."""
    took, run.crowd.on_event = latencies()
    events = round(seconds * 10)
    for _ in range(events):
        run.publish(ROOM, **more)
        await asyncio.sleep(0.1)
    await arrival(lambda: len(took), events * len(run.crowd.members))
    percentiles = statistics.quantiles(took, n=100)
    return {"p50_ms": percentiles[49] / 1e6, "p99_ms": percentiles[98] / 1e6}


def latencies() -> tuple[list[int], Callable[[bytes], None]]:
    """Return a list, and what adds to it the nanoseconds that an event took from its publisher."""
    took: list[int] = []

    def on_event(payload: bytes) -> None:
        found = TIME.search(payload)
        assert found
        took.append(time.monotonic_ns() - int(found[1]))

    return took, on_event


async def idle(run: Running, sockets: int, seconds: float) -> Measured:
    """Hold sockets that only answer heartbeats; measuring begins after half of ``seconds``."""
    await run.crowd.join(range(1, sockets + 1))
    await asyncio.sleep(seconds / 2)
    heartbeats, cpu = run.crowd.heartbeats, run.cpu_us()
    await asyncio.sleep(seconds)
    answered = run.crowd.heartbeats - heartbeats
    return {"heartbeat_us": (run.cpu_us() - cpu) / answered, "heartbeats": answered}


class Countdown:
    """Waits for a number of deliveries."""

    def __init__(self, missing: int) -> None:
        self._missing = missing
        self._done = asyncio.Event()
        if not missing:
            self._done.set()

    def one(self, payload: bytes) -> None:
        """Count one delivery."""
        self._missing -= 1
        if not self._missing:
            self._done.set()

    async def wait(self) -> None:
        """Wait for the last delivery."""
        async with asyncio.timeout(TIMEOUT):
            await self._done.wait()


class Flood:
    """Keeps ``unfinished`` events under way: when one is delivered to all, it publishes the next.

    Each event is delivered to ``deliveries`` sockets.
    """

    def __init__(
        self, run: Running, stream: Callable[[], str], *, deliveries: int, unfinished: int
    ) -> None:
        self._run = run
        self._stream = stream
        self._deliveries = deliveries
        self._unfinished = unfinished
        self._delivered = 0
        self._published = 0
        self._stopped = False

    async def measure(self, seconds: float) -> Measured:
        """Run for ``seconds``, and return what was measured."""
        self._run.crowd.on_event = self._on_event
        for _ in range(self._unfinished):
            self._publish()
        await asyncio.sleep(WARM_UP * seconds)
        began, delivered = time.perf_counter(), self._delivered
        cpu, load_cpu = self._run.cpu_us(), time.process_time()
        await asyncio.sleep(seconds)
        measured = {
            "seconds": time.perf_counter() - began,
            "deliveries": self._delivered - delivered,
            "cpu": self._run.cpu_us() - cpu,
            "load_cpu": (time.process_time() - load_cpu) * 1e6,
        }
        self._stopped = True
        expected = self._published * self._deliveries
        await arrival(lambda: self._delivered, expected)
        return {**measured, "lost": expected - self._delivered}

    def _on_event(self, payload: bytes) -> None:
        self._delivered += 1
        if self._delivered % self._deliveries == 0 and not self._stopped:
            self._publish()

    def _publish(self) -> None:
        self._published += 1
        self._run.publish(self._stream())


async def arrival(count: Callable[[], int], expected: int) -> None:
    """Wait until ``count`` reaches ``expected``, or no longer grows."""
    latest, quiet_since = count(), time.monotonic()
    while count() < expected and time.monotonic() - quiet_since < GIVEN_UP_AFTER:
        await asyncio.sleep(0.01)
        if count() != latest:
            latest, quiet_since = count(), time.monotonic()
