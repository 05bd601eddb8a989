"""Measures what a held socket costs: ``python -m benchmarks.held [SOCKETS] [PEER ...]``.

Each server in turn holds 2,000 sockets, or as many as ``SOCKETS`` says, that follow two streams and
answer a heartbeat of 5 s. Printed as JSON are the CPU microseconds of connecting, and of a ping and
its pong; the KiB of a socket; and the CPU milliseconds of the longest full pass of the garbage
collector, but for the first ``FIRST`` sockets. A ``PEER`` is a name in ``benchmarks/peers.py``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import uvloop

from benchmarks import machine, peers, workloads
from benchmarks.__main__ import RESULTS, make_sessions
from benchmarks.peers import Peer
from benchmarks.running import running

SOCKETS = 2000
PEERS = ("BARE_JOINED", "REALTIME", "REALTIME_SESSION")
FIRST = 150
"""Sockets that connect first: with them all code is loaded, and the first pass is made."""
HEARTBEAT = 5
SECONDS = 10.0
"""Seconds of rest, in which what connecting leaves is done, and then of heartbeats."""


def main(sockets: str = str(SOCKETS), *names: str) -> None:
    logging.getLogger("picows").setLevel(logging.WARNING)
    machine.prepare()
    gc.disable()
    RESULTS.mkdir(exist_ok=True)
    make_sessions(int(sockets))
    for name in names or PEERS:
        with tempfile.TemporaryDirectory() as directory:
            peer = getattr(peers, name)
            print(json.dumps({name: uvloop.run(held(peer, int(sockets), Path(directory)))}))


async def held(peer: Peer, sockets: int, folder: Path) -> dict[str, float]:
    """Return what a socket of one server costs."""
    passes = folder / "passes"
    passes.touch()
    async with running(collected(peer, passes), folder, heartbeat=HEARTBEAT) as run:
        await run.crowd.join(range(1, FIRST + 1))
        await workloads.everyone_receives(run)
        await asyncio.sleep(SECONDS / 2)
        known = len(passes.read_text().split())
        memory, cpu = machine.pss_kib(run.server.pid), run.cpu_us()
        await run.crowd.join(range(FIRST + 1, sockets + 1))
        joined, connecting = sockets - FIRST, run.cpu_us() - cpu
        await asyncio.sleep(SECONDS)
        beats, cpu = run.crowd.heartbeats, run.cpu_us()
        await asyncio.sleep(SECONDS)
        beating = (run.cpu_us() - cpu) / (run.crowd.heartbeats - beats)
        measured = {
            "connect_us": connecting / joined,
            "heartbeat_us": beating,
            "kib_a_socket": (machine.pss_kib(run.server.pid) - memory) / joined,
            "longest_pass_ms": max(map(float, passes.read_text().split()[known:]), default=0),
        }
    return {name: round(value, 2) for name, value in measured.items()}


def collected(peer: Peer, passes: Path) -> Peer:
    """Return a server that notes the passes of its garbage collector."""
    application = next(part for part in peer.serve if part.startswith("benchmarks.servers."))
    watched = "benchmarks.servers.collected:application"
    serve = tuple(watched if part is application else part for part in peer.serve)
    env = {**peer.env, "COLLECTED": application.partition(":")[0], "PASSES": str(passes)}
    return replace(peer, serve=serve, env=env)


if __name__ == "__main__":
    main(*sys.argv[1:])
