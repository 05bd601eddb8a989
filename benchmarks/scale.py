"""Runs several servers on two Redis servers: ``python -m benchmarks.scale [SOCKETS [SECONDS]]``.

``SERVERS`` processes share the sockets, a channel layer on two Redis servers, and PostgreSQL with
the event log, presence and the recorder. Each user has one socket, which follows the user's own
stream and a room of ``ROOM_SIZE``. There are four phases of so many seconds: nothing but
heartbeats, events to single users, events to rooms, and both.

A line is a part of the site in a phase: its messages a second, its CPU time in milliseconds a
second, and in microseconds for each event that was published, without what it uses at rest. The
messages are frames of heartbeats and events, ``PUBLISH`` commands, and commits. All parts share
this machine's cores, so the CPU time is what counts, and not how fast it went.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from benchmarks.load.conversations import Realtime
from benchmarks.load.crowd import Crowd
from benchmarks.machine import cpu_us, pss_kib
from benchmarks.peers import joined, publisher
from benchmarks.running import FILLER
from tests.processes.postgres import Postgres
from tests.processes.process import Process, free_port
from tests.processes.redis_server import RedisServer
from tests.processes.waiting import until

SERVERS = 4
SOCKETS = 4000
SECONDS = 20.0
ROOM_SIZE = 100
DIRECT = 50
"""Events to single users a second."""
ROOMS = 10
"""Events to rooms a second."""
HEARTBEAT = 10.0


class Scaled(Realtime):
    """A client that follows its user's own stream, and the room of its hundred."""

    def __init__(self, crowd: Crowd, user: int) -> None:
        super().__init__(crowd, user)
        self.positions = {f"user.{user}": {}, room_of(user): {}}


def room_of(user: int) -> str:
    """Return the room of a user; its members are on all servers."""
    return f"room.{user // SERVERS // (ROOM_SIZE // SERVERS)}"


@dataclass
class Part:
    """A part of the site: its processes, and how many messages it has handled so far."""

    name: str
    cpu: Callable[[], float]
    messages: Callable[[], float]

    def look(self) -> tuple[float, float]:
        """Return its messages, and its CPU time in microseconds."""
        return self.messages(), self.cpu()


def main(sockets: int = SOCKETS, seconds: float = SECONDS) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with (
        tempfile.TemporaryDirectory() as directory,
        site(Path(directory), SERVERS + sockets) as (env, parts),
    ):
        asyncio.run(measure(env, parts, sockets, seconds))


@contextmanager
def site(directory: Path, users: int) -> Iterator[tuple[Mapping[str, str], dict[str, Any]]]:
    """Start all parts; returns the environment of a publisher, and the parts by name."""
    with ExitStack() as stack:
        postgres = Postgres(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        shards = [RedisServer(_made(directory / str(number))) for number in range(2)]
        for process in (postgres, *shards):
            process.start()
            stack.callback(process.kill)
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "benchmarks.servers.settings",
            "DATABASE_URL": postgres.create_database(),
            "REDIS_URL": shards[0].url,
            "REDIS_SHARDS": " ".join(shard.url for shard in shards),
            "LOG": "database",
            "HEARTBEAT": str(HEARTBEAT),
        }
        make_users = [sys.executable, "-m", "benchmarks.servers.make_sessions", str(users)]
        subprocess.run(make_users, env=env, check=True)
        servers = []
        for _ in range(SERVERS):
            port = free_port()
            command = [part.format(port=port) for part in joined("realtime_site")]
            server = Process(command, directory / f"{port}.log", port, env=env)
            server.start()
            stack.callback(server.kill)
            servers.append(server)
        yield env, {"servers": servers, "shards": shards, "postgres": postgres}


async def measure(
    env: Mapping[str, str], parts: Mapping[str, Any], sockets: int, seconds: float
) -> None:
    """Let the sockets come, and print what each phase costs."""
    servers, shards, postgres = parts["servers"], parts["shards"], parts["postgres"]
    before = [pss_kib(server.pid) for server in servers]
    crowds = [Crowd(Scaled, server.port) for server in servers]
    delivered = 0

    def count(payload: bytes) -> None:
        nonlocal delivered
        delivered += 1

    began = _cpu_of(servers)
    stored = _cpu_of_cluster(postgres)
    for number, crowd in enumerate(crowds):
        crowd.on_event = count
        await crowd.join(range(SERVERS + number, SERVERS + sockets, SERVERS))
    await asyncio.sleep(10)  # Presence and the recorder write what they have.
    connected = _cpu_of(servers) - began
    stored = _cpu_of_cluster(postgres) - stored
    grown = sum(pss_kib(server.pid) for server in servers) - sum(before)
    print(
        f"connecting, CPU us a socket: servers={connected / sockets:.0f} "
        f"PostgreSQL={stored / sockets:.0f}"
    )
    print(f"memory, KiB a socket: {grown / sockets:.1f}; of a server: {before[0]}")
    observed = [redis.Redis.from_url(shard.url) for shard in shards]
    database = psycopg.connect(env["DATABASE_URL"], autocommit=True)

    def heartbeats() -> int:
        return sum(crowd.heartbeats for crowd in crowds)

    def published() -> int:
        stats = [client.info("commandstats") for client in observed]
        return sum(one.get("cmdstat_publish", {}).get("calls", 0) for one in stats)

    def commits() -> int:
        row = database.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        return int(row[0]) if row else 0

    watched = [
        Part("servers", lambda: _cpu_of(servers), lambda: delivered + heartbeats()),
        Part("both Redis", lambda: _cpu_of(shards), published),
        Part("PostgreSQL", lambda: _cpu_of_cluster(postgres), commits),
    ]
    async with _publishing(env) as send:
        send(f"user.{SERVERS}")
        await until(lambda: delivered, 60, "the publisher has started")
        await asyncio.sleep(10)  # What connecting has left to do.
        print("| phase | part | messages/s | CPU ms/s | CPU us an event |")
        rest: dict[str, float] = {}
        phases = {"rest": (0, 0), "direct": (DIRECT, 0), "rooms": (0, ROOMS)}
        for phase, (direct, rooms) in (phases | {"both": (DIRECT, ROOMS)}).items():
            looks = [part.look() for part in watched]
            start = time.monotonic()
            sent = published()
            events = await _publish(send, sockets, direct, rooms, seconds)
            await until(lambda at=sent + events: published() >= at, 120, "all are published")
            took = time.monotonic() - start
            for part, (messages, cpu) in zip(watched, looks, strict=True):
                now = part.look()
                rate, used = (now[0] - messages) / took, (now[1] - cpu) / took
                more = used - rest.setdefault(part.name, used)
                each = f"{more * took / events:.0f}" if events else ""
                print(f"| {phase} | {part.name} | {rate:.1f} | {used / 1000:.1f} | {each} |")
    for shard, client in zip(shards, observed, strict=True):
        memory, clients = client.info("memory"), client.info("clients")
        channels = client.execute_command("PUBSUB CHANNELS", "*")
        print(
            f"Redis on port {shard.port}: groups={len(channels)} "
            f"connections={clients['connected_clients']} bytes={memory['used_memory']}"
        )
    row = database.execute(
        "SELECT (SELECT count(*) FROM realtime_event), pg_total_relation_size('realtime_event'), "
        "(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()), "
        "(SELECT count(*) FROM realtime_streamhead), "
        "pg_total_relation_size('realtime_streamhead')"
    ).fetchone()
    assert row is not None
    print(f"PostgreSQL: events={row[0]} their bytes={row[1]} connections={row[2]}")
    print(f"PostgreSQL: heads={row[3]} their bytes={row[4]}")
    print(f"closed sockets: {sum(len(crowd.closes) for crowd in crowds)}")
    for crowd in crowds:
        await crowd.leave()


async def _publish(
    send: Callable[[str], None], sockets: int, direct: int, rooms: int, seconds: float
) -> int:
    """Publish at a steady pace for some seconds; returns how many events."""
    start, sent = time.monotonic(), [0, 0]
    while (passed := time.monotonic() - start) < seconds:
        for kind, pace in enumerate((direct, rooms)):
            while sent[kind] < passed * pace:
                user = SERVERS + sent[kind] * 7919 % sockets  # A prime, so they come in no order.
                send(room_of(user) if kind else f"user.{user}")
                sent[kind] += 1
        await asyncio.sleep(0.01)
    return sum(sent)


@asynccontextmanager
async def _publishing(env: Mapping[str, str]) -> AsyncIterator[Callable[[str], None]]:
    """Start a publisher in a process of its own; what is returned has it publish to a stream."""
    process = await asyncio.create_subprocess_exec(
        *publisher("realtime"),
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    stdin, data = process.stdin, json.dumps(FILLER)
    assert stdin is not None
    try:
        yield lambda stream: stdin.write(f"{stream}\t{data}\n".encode())
    finally:
        process.kill()
        await process.wait()


def _cpu_of(processes: Iterable[Process]) -> float:
    return sum(cpu_us(one.pid) for one in processes)


def _cpu_of_cluster(postgres: Postgres) -> float:
    """Return what all of its processes have used, those of connections that were closed too."""
    stat = Path(f"/proc/{postgres.pid}/stat").read_text().rpartition(")")[2].split()
    ended = sum(map(int, stat[13:15])) / os.sysconf("SC_CLK_TCK") * 1e6
    found = Path(f"/proc/{postgres.pid}/task/{postgres.pid}/children").read_text().split()
    return ended + sum(map(_cpu_us, [postgres.pid, *map(int, found)]))


def _cpu_us(pid: int) -> float:
    try:
        return cpu_us(pid)
    except OSError:  # A connection has ended, and its process with it.
        return 0.0


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
