"""The order in which the servers get their work, and how often."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peers, workloads
from benchmarks.peers import Peer
from benchmarks.results import Results
from benchmarks.running import Running, running
from benchmarks.stalled import stalled
from benchmarks.storm import storm

logger = logging.getLogger("benchmarks")

WORK = (workloads.fan_out, workloads.direct, workloads.single, workloads.paced)
"""The work of every server in each round."""

HOLDING = (
    peers.REALTIME,
    peers.REALTIME_STOCK,
    peers.REALTIME_DAPHNE,
    peers.SOCKETSHARK_PEER,
    peers.PYTHON_SOCKETIO,
    peers.CHANNELS_PUBSUB,
    peers.SOCKETIO_NODE,
    peers.BARE_UVICORN,
    peers.BARE_NODE,
)
"""The peers that hold many idle sockets."""

RETURNING = (peers.REALTIME_LOG, peers.REALTIME_LOG_SESSION, peers.PYTHON_SOCKETIO)
"""The peers to which many sockets come back at the same time."""

STALLED = (peers.REALTIME_LOG, peers.REALTIME_LOG_DAPHNE)
"""The peers whose readers stall."""

STALLS = 2
"""Runs for each peer: a garbage collection of 0.1 s may fall into either half of one."""


@dataclass(frozen=True)
class Scale:
    """The size of a run; times in seconds."""

    rounds: int
    sockets: int
    many: int
    most: int
    seconds: float
    heartbeat: int
    idle_seconds: float


FULL = Scale(
    rounds=3,
    sockets=1000,
    many=5000,
    most=10_000,
    seconds=1,
    heartbeat=5,
    idle_seconds=6,
)
QUICK = Scale(
    rounds=1,
    sockets=60,
    many=150,
    most=300,
    seconds=0.2,
    heartbeat=1,
    idle_seconds=2,
)


@dataclass(frozen=True)
class Bench:
    """What all parts of a run share."""

    scale: Scale
    logs: Path
    results: Results

    def start(
        self, peer: Peer, heartbeat: int = 20
    ) -> contextlib.AbstractAsyncContextManager[Running]:
        """Start a peer, and return it as it runs."""
        logger.info("%s", peer.name)
        return running(peer, self.logs, heartbeat=heartbeat)


async def run_all(scale: Scale, logs: Path, results: Results) -> None:
    """Run all parts; if one fails, ``results`` has what was measured before."""
    bench = Bench(scale, logs, results)
    for part in (side_by_side, holding, returning, stalling, growing, publishing, attending):
        logger.info("%s", part.__name__)
        began = time.monotonic()
        await part(bench)
        results.took[part.__name__] = time.monotonic() - began
        gc.collect()


async def side_by_side(bench: Bench) -> None:
    """Run all servers side by side, and give each in turn a second of work in each round.

    The machine's speed changes from minute to minute, so only ratios within a round mean something.
    """
    scale, results = bench.scale, bench.results
    async with contextlib.AsyncExitStack() as stack:
        runs = []
        for peer in peers.ALL:
            run = await stack.enter_async_context(bench.start(peer))
            runs.append(run)
            results.add(peer.name, await workloads.connect(run, scale.sockets, 1.5 * scale.seconds))
            await workloads.everyone_receives(run)
        for _ in range(scale.rounds):
            for work in WORK:
                logger.info("%s", work.__name__)
                for run in runs:
                    results.add(run.peer.name, await work(run, scale.seconds))


async def holding(bench: Bench) -> None:
    """Hold many sockets that only answer heartbeats."""
    for peer in HOLDING:
        async with bench.start(peer, bench.scale.heartbeat) as run:
            measured = await workloads.idle(run, bench.scale.many, bench.scale.idle_seconds)
            bench.results.add(peer.name, measured)


async def returning(bench: Bench) -> None:
    """Let many sockets come back at the same time."""
    for peer in RETURNING:
        async with bench.start(peer) as run:
            bench.results.add(peer.name, await storm(run, bench.scale.many))


async def stalling(bench: Bench) -> None:
    """Let some sockets stop reading."""
    for peer in STALLED * STALLS:
        async with bench.start(peer) as run:
            bench.results.add(peer.name, await stalled(run, bench.scale.sockets))


async def growing(bench: Bench) -> None:
    """Compare deliveries to few and to many sockets of one process, also of the floor."""
    scale = bench.scale
    for peer in (peers.REALTIME, peers.BARE_JOINED):
        async with bench.start(peer) as run:
            for sockets in (scale.sockets, scale.most):
                await run.crowd.join(range(len(run.crowd.members) + 1, sockets + 1))
                measured = await workloads.fan_out(run, 2 * scale.seconds)
                name = "few" if sockets == scale.sockets else "most"
                bench.results.add(peer.name, {f"{name}_us": measured["fan_out_us"]})


async def publishing(bench: Bench) -> None:
    """Measure what a publish costs with each log, in a process of its own."""
    for log in ("redis", "database"):
        await apart(bench, "benchmarks.publish_costs", log)


async def attending(bench: Bench) -> None:
    """Measure what presence costs with each backend, in a process of its own."""
    sockets, seconds = str(bench.scale.most), str(round(2 * bench.scale.idle_seconds))
    for backend in ("redis", "database"):
        await apart(bench, "benchmarks.presence", backend, sockets, seconds)


async def apart(bench: Bench, module: str, *arguments: str) -> None:
    """Run a module of measurements in a process of its own, and add what it prints."""
    command = (*peers.PYTHON, module, *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    bench.results.add(peers.REALTIME.name, json.loads(printed))
