"""Measures what a message costs over each channel layer: ``python -m benchmarks.layers``.

A process of its own hears the messages, as a hub does. The numbers are microseconds of CPU time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import django
from channels.layers import get_channel_layer
from django.conf import settings
from django.test import override_settings

import realtime
from benchmarks.machine import cpu_us
from tests.processes.postgres import Postgres
from tests.processes.process import Process
from tests.processes.redis_server import RedisServer

MESSAGES = 3000
UNDER_WAY = 32
"""Messages that are under way at the same time, in the second column."""
FRAME = "x" * 300
CONTRIB = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
REDIS = "realtime.layer.redis_pubsub.RedisPubSubChannelLayer"
POSTGRES = "realtime.layer.postgres.PostgresChannelLayer"

Layers = dict[str, dict[str, Any]]


def main() -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        redis, postgres = RedisServer(Path(first)), Postgres(Path(second))
        with ExitStack() as stack:
            for server in (redis, postgres):
                server.start()
                stack.callback(server.kill)
            url = postgres.create_database()
            of_redis: Layers = {"default": {"BACKEND": REDIS, "CONFIG": {"hosts": [redis.url]}}}
            of_postgres: Layers = {"default": {"BACKEND": POSTGRES, "CONFIG": {"dsn": url}}}
            settings.configure(
                CHANNEL_LAYERS=of_redis,
                DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
                INSTALLED_APPS=[*CONTRIB, "channels", "realtime"],
                REALTIME={"EVENT_LOG": None, "PRESENCE": False},
                SECRET_KEY="benchmarks",
            )
            django.setup()
            for name, layers, server in (
                ("Redis", of_redis, redis),
                ("PostgreSQL", of_postgres, postgres),
            ):
                publishing = publish_from_sync_code(layers, server)
                print(f"{name:10} publish, ephemeral, from sync code {publishing}")
                for group in ("followed", "another"):
                    for together in (1, UNDER_WAY):
                        measured = measure(layers, server, group, together)
                        print(f"{name:10} {group:8} {together:2} under way {measured}")


def publish_from_sync_code(layers: Layers, server: Process) -> dict[str, float]:
    """Publish events that are not kept, one after the other."""
    with override_settings(CHANNEL_LAYERS=layers):
        realtime.publish("user.1", "call.state", FRAME, ephemeral=True)
        began, servers = time.process_time(), cpu_of(server)
        for _ in range(MESSAGES):
            realtime.publish("user.1", "call.state", FRAME, ephemeral=True)
        sender, of_server = time.process_time() - began, cpu_of(server) - servers
    return {
        "sender": round(sender * 1e6 / MESSAGES, 1),
        "server": round(of_server / MESSAGES, 1),
    }


def measure(layers: Layers, server: Process, group: str, together: int) -> dict[str, float]:
    """Send messages to a group, of which the reader is a member if it is "followed"."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    reader = context.Process(target=read, args=(layers, theirs))
    reader.start()
    ours.recv()
    with override_settings(CHANNEL_LAYERS=layers):
        sender, of_server = asyncio.run(send(server, group, together))
        reader_s = ours.recv()
    reader.join()
    each = {"sender": sender * 1e6, "reader": reader_s * 1e6, "server": of_server}
    return {name: round(total / MESSAGES, 1) for name, total in each.items()}


async def send(server: Process, group: str, together: int) -> tuple[float, float]:
    """Return the CPU time that all messages took: seconds here, microseconds of the server."""
    layer = get_channel_layer()
    message = {"type": "realtime.event", "stream": "user.1", "offset": 1, "frame": FRAME}

    async def repeat() -> None:
        for _ in range(MESSAGES // together):
            await layer.group_send(group, message)

    await layer.group_send("followed", {"type": "begin"})
    began, servers = time.process_time(), cpu_of(server)
    await asyncio.gather(*(repeat() for _ in range(together)))
    took = time.process_time() - began
    await layer.group_send("followed", {"type": "end"})
    return took, cpu_of(server) - servers


def read(layers: Layers, pipe: Connection) -> None:
    """Tell when the layer is joined, and then what was heard: CPU seconds."""
    with override_settings(CHANNEL_LAYERS=layers):
        asyncio.run(hear(pipe))


async def hear(pipe: Connection) -> None:
    layer, began, ended = get_channel_layer(), 0.0, asyncio.Event()

    def on_message(message: dict[str, Any]) -> None:
        nonlocal began
        if message["type"] == "begin":
            began = time.process_time()
        elif message["type"] == "end":
            ended.set()

    channel = await layer.new_channel()
    layer.call_on_message(channel, on_message, print)
    await layer.group_add("followed", channel)
    await asyncio.sleep(0.5)
    pipe.send(None)
    await ended.wait()
    pipe.send(time.process_time() - began)


def cpu_of(server: Process) -> float:
    """Return the CPU time of a server and of its processes, in microseconds."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return cpu_us(server.pid) + sum(cpu_us(int(child)) for child in children)


if __name__ == "__main__":
    main()
