"""Measures what the flight recorder costs: ``python -m benchmarks.recorder [database|redis]``.

One process has sockets without a server, with the recorder and without it in turn, so that what
the others do on the machine is the same for both. The differences of CPU time are printed as JSON:
medians of all rounds, in microseconds; those of the store's own process are not in them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
from django.core.management import call_command
from django.test.utils import override_settings

from benchmarks.publish_costs import start_postgres
from benchmarks.selection import followed_feed, new_events
from tests.processes.redis_server import RedisServer

SOCKETS = 1000
ROUNDS = 15
LONG_ROUNDS = 7
EVENTS = 20
PONGS = 50
"""And as many events."""
REST_SECONDS = 20.0

SETTLE = 1.5
"""Seconds until the beginning, and then the end, of all lives is written, of which all come and go
together: what is written every five seconds is written sooner here, so that it takes less time."""


def main(backend: str = "database") -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        os.environ.update(DJANGO_SETTINGS_MODULE="benchmarks.servers.settings", HEARTBEAT="3600")
        redis = RedisServer(Path(directory))
        redis.start()
        stack.callback(redis.kill)
        os.environ["REDIS_URL"] = redis.url
        os.environ["DATABASE_URL"] = start_postgres(stack)
        django.setup()
        call_command("migrate", verbosity=0)
        logging.disable(logging.CRITICAL)
        options = {"url": redis.url} if backend == "redis" else {}
        name = f"realtime.recorder.{backend}.{backend.capitalize()}Recorder"
        on = {"BACKEND": name, "OPTIONS": options}
        print(json.dumps(measured(on), indent=1))


def measured(on: dict[str, Any]) -> dict[str, float]:
    found = {"rest_ms_a_second": added(on, rest) / REST_SECONDS * 1000}
    for name, measure in (("delivery", delivery), ("direct", direct), ("pong", pong)):
        found |= compared(name, on, measure, ROUNDS)
    found |= compared("connect", on, connect, LONG_ROUNDS)
    # What the writer's task takes without anything to write is in the row of a process at rest.
    idle = compared("idle", on, one_connect, LONG_ROUNDS)
    found["connect_added_us"] -= idle["idle_added_us"] / SOCKETS
    found["kib_a_socket"] = added(on, memory) / SOCKETS / 1024
    found["kib_a_socket_after_50_events"] = added(on, busy_memory) / SOCKETS / 1024
    return {key: round(value, 2) for key, value in found.items()}


def compared(name: str, on: Any, measure: Any, rounds: int) -> dict[str, float]:
    """Return the microseconds without the recorder, and those that it adds."""
    pairs = [(run(False, measure), run(on, measure)) for _ in range(rounds)]
    without = statistics.median(one for one, _ in pairs)
    more = statistics.median(other - one for one, other in pairs)
    return {f"{name}_us": without * 1e6, f"{name}_added_us": more * 1e6}


def added(on: Any, measure: Any) -> float:
    without = run(False, measure)
    return run(on, measure) - without


def run(recorder: Any, measure: Any) -> float:
    from django.conf import settings

    with override_settings(REALTIME={**settings.REALTIME, "RECORDER": recorder}):
        gc.collect()
        gc.disable()
        try:
            result: float = asyncio.run(measure())
        finally:
            gc.enable()
    return result


async def delivery() -> float:
    """Return the seconds of one delivery of an event to one of 1,000 sockets, without a server."""
    with recorded_sockets():
        return await deliver(await followed_feed({})) / SOCKETS


async def direct() -> float:
    """Return the seconds of the delivery of an event that one socket gets, without layer or log."""
    with recorded_sockets():
        return await deliver(await followed_feed({}, followers=1))


async def deliver(feed: Any) -> float:
    """Return the seconds that a feed takes for an event."""
    times = []
    for number in range(10):
        events = new_events(number * EVENTS)
        with clock() as took:
            for event in events:
                feed.take(event)
        times.append(took())
        await asyncio.sleep(0)
    return min(times) / EVENTS


async def pong() -> float:
    """Return the seconds of a ping and its pong, without a server."""
    with recorded_sockets() as sockets:
        await followed_feed({})
    times = []
    for _ in range(5):
        with clock() as took:
            for socket in sockets:
                exchange(socket)
        times.append(took())
    return min(times) / len(sockets)


def exchange(socket: Any) -> None:
    """Have a socket ping, and let the pong come."""
    socket._keepalive.ping()
    (nonce,) = socket._keepalive._heartbeat._in_flight
    socket.received(json.dumps({"type": "pong", "nonce": nonce}), None)


async def connect() -> float:
    """Return the seconds of connecting, following two streams, and leaving, without a server."""
    return await _connect(SOCKETS) / SOCKETS


async def one_connect() -> float:
    """Return the seconds of one socket that does the same."""
    return await _connect(1)


async def _connect(sockets: int) -> float:
    from benchmarks.servers.realtime_site import UserInAddress
    from realtime.consumers import RealtimeConsumer
    from realtime.recorder import writer

    writer.WRITE_EVERY, writer.SETTLE = 0.8, 0.1
    application = UserInAddress(RealtimeConsumer.as_asgi())
    with clock() as took:
        clients = [Client(application, number) for number in range(sockets)]
        for client in clients:
            await client.subscribed.wait()
        await asyncio.sleep(SETTLE)
        for client in clients:
            client.leave()
        await asyncio.gather(*(client.task for client in clients))
        await asyncio.sleep(SETTLE)
    return took()


async def rest() -> float:
    """Return the seconds of CPU that a process at rest takes in ``REST_SECONDS``."""
    from benchmarks.servers.realtime_site import UserInAddress
    from realtime.consumers import RealtimeConsumer

    client = Client(UserInAddress(RealtimeConsumer.as_asgi()), 1)
    await client.subscribed.wait()
    await asyncio.sleep(SETTLE)
    with clock() as took:
        await asyncio.sleep(REST_SECONDS)
    client.leave()
    await client.task
    return took()


async def memory() -> float:
    """Return the bytes that 1,000 sockets with two streams take."""
    return await _memory(events=0)


async def busy_memory() -> float:
    """Return the bytes that they take after events and pongs."""
    return await _memory(events=PONGS)


async def _memory(events: int) -> float:
    from realtime.protocol.position import Position
    from realtime.recorder.recorder import running_recorder

    tracemalloc.start()
    with recorded_sockets() as sockets:
        await followed_feed({})
    recorder = running_recorder()
    feeds = [own_feed(number) for number in range(SOCKETS)]
    courses = [
        recorder.followed(socket.id, f"user.{number}", Position("e", 0), feeds[number].hand_outs)
        for number, socket in enumerate(sockets)
    ]
    for number in range(events):
        for one, socket in zip(feeds, sockets, strict=True):
            if one.hand_outs is not None:
                one.hand_outs.add(number + 1, 1.0)
            socket.send_text("x" * 100)
            exchange(socket)
    gc.collect()
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(courses) == SOCKETS
    return current


def own_feed(number: int) -> Any:
    from realtime.fanout.feed import Feed

    return Feed(f"user.{number}", None)


class Client:
    """A socket to an ASGI application, which takes all that comes."""

    def __init__(self, application: Any, number: int) -> None:
        self.subscribed = asyncio.Event()
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers = 0
        scope = {
            "type": "websocket",
            "path": "/realtime/",
            "query_string": f"user={number}".encode(),
            "headers": [(b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0")],
            "subprotocols": ["realtime.v1"],
            "client": ("127.0.0.1", 1),
        }
        self._inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(application(scope, self._inbox.get, self._send))

    def leave(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def _send(self, message: Any) -> None:
        text = message.get("text", "")
        if '"welcome"' in text:
            self._subscribe("me")
            self._subscribe("room.1")
        elif '"subscribed"' in text:
            self._answers += 1
            if self._answers == 2:
                self.subscribed.set()

    def _subscribe(self, stream: str) -> None:
        text = json.dumps({"type": "subscribe", "stream": stream, "ref": 1})
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})


@contextmanager
def recorded_sockets() -> Iterator[list[Any]]:
    """Have the recorder know each socket that is made meanwhile, as after its sign-in."""
    from realtime.access.login import Login
    from realtime.recorder.recorder import running_recorder
    from realtime.sockets.realtime_socket import RealtimeSocket

    made, make = [], RealtimeSocket.__init__

    def make_and_open(self: Any, send: Any) -> None:
        make(self, send)
        self.welcome(Login(SimpleNamespace(pk=len(made))), "user.1")
        running_recorder().opened(self, "user.1", "A browser")
        made.append(self)

    RealtimeSocket.__init__ = make_and_open  # type: ignore[method-assign]
    try:
        yield made
    finally:
        RealtimeSocket.__init__ = make  # type: ignore[method-assign]


@contextmanager
def clock() -> Iterator[Any]:
    """Yield a function that returns the CPU time of this process in the block, in seconds."""
    began, took = time.process_time(), []
    yield lambda: took[0]
    took.append(time.process_time() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
