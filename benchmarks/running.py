"""A running server with its publisher and its crowd."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.crowd import Crowd
from benchmarks.machine import SERVER_CORE, cpu_us
from benchmarks.peers import Peer
from tests.processes.process import Process, free_port
from tests.processes.redis_server import RedisServer

FILLER = {
    "call": 48213,
    "state": "ringing",
    "from": "+15550100123",
    "to": "+15550100456",
    "queue": "support",
}
"""With its time and the server's envelope, an event has about 300 bytes."""


@dataclass
class Running:
    """A running server, as the workloads use it."""

    peer: Peer
    server: Process
    crowd: Crowd
    _publisher: asyncio.subprocess.Process

    def publish(self, stream: str, **more: Any) -> None:
        """Have the publisher publish an event that carries its time."""
        data = {**FILLER, **more, "t": time.monotonic_ns()}
        assert self._publisher.stdin is not None
        self._publisher.stdin.write(f"{stream}\t{json.dumps(data)}\n".encode())

    def cpu_us(self) -> float:
        """Return the CPU time that the server has used, in microseconds."""
        return cpu_us(self.server.pid)


@contextlib.asynccontextmanager
async def running(peer: Peer, logs: Path, *, heartbeat: float) -> AsyncIterator[Running]:
    """Start a server on its core, and Redis and a publisher on the load's core; end them all.

    Each server has its own Redis, because all use the same names of channels.
    """
    redis = RedisServer(logs)
    port = free_port()
    own = {"PORT": str(port), "REDIS_URL": redis.url, "HEARTBEAT": str(heartbeat)}
    env = {**os.environ, **own, **peer.env}
    command = [part.format(port=port, heartbeat=heartbeat) for part in peer.serve]
    log_path = logs / f"{peer.name}.log"
    there = ["env", "-C", str(peer.root)]
    server = Process([*there, "taskset", "-c", str(SERVER_CORE), *command], log_path, port, env=env)
    server.name = peer.name
    with contextlib.ExitStack() as stack:
        for process in (redis, server):
            process.start()
            stack.callback(process.kill)
        async with publishing(peer, env, log_path) as publisher:
            yield Running(peer, server, Crowd(peer.conversation, port), publisher)


@contextlib.asynccontextmanager
async def publishing(
    peer: Peer, env: Mapping[str, str], log_path: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a peer's publisher; end it afterwards."""
    with log_path.open("ab") as log:
        publisher = await asyncio.create_subprocess_exec(
            *peer.publish,
            env=env,
            cwd=peer.root,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        yield publisher
    finally:
        publisher.kill()
        await publisher.wait()
