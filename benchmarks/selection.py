"""Measures what a delivery costs a process, by what the stream's class selects.

``python -m benchmarks.selection`` prints microseconds of CPU time for one event to one of 1,000
followers: of a plain class, of one that filters, adds fields, orders or throttles.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import time
from types import SimpleNamespace
from typing import Any

import django

FOLLOWERS = 1000
EVENTS = 20
ROUNDS = 25
"""The best of them counts: the others had company on the machine."""

KINDS = {
    "plain": {},
    "fields, one of ten events": {"fields": ("to",)},
    "extra": {"extra": ("tab",)},
    "order": {"order": "n"},
    "throttle": {"throttle": 0.001},
}


def main() -> None:
    os.environ.update(DJANGO_SETTINGS_MODULE="project.settings", SECRET_KEY="of a benchmark")
    django.setup()
    logging.disable(logging.CRITICAL)
    gc.disable()
    for kind, attributes in KINDS.items():
        print(f"{kind}: {asyncio.run(measured(attributes)):.2f}")


async def measured(attributes: dict[str, Any]) -> float:
    """Return the microseconds of CPU time for one delivery."""
    feed = await followed_feed(attributes)
    best = float("inf")
    for number in range(ROUNDS):
        events = new_events(number * EVENTS)
        began = time.process_time()
        for event in events:
            feed.take(event)
        best = min(best, time.process_time() - began)
        await asyncio.sleep(0)
    return best / EVENTS / FOLLOWERS * 1e6


async def followed_feed(attributes: dict[str, Any], followers: int = FOLLOWERS) -> Any:
    """Return a feed with live followers of a class with these attributes."""
    from realtime.concurrency.threads import nonblocking
    from realtime.eventlog.memory import MemoryEventLog
    from realtime.fanout.feed import Feed
    from realtime.fanout.log_reader import LogReader
    from realtime.protocol.position import Position
    from realtime.streams import Stream

    @nonblocking
    def field_values(self: Any, user: Any) -> dict[str, int]:
        return {"to": 3}

    stream_class = type("Followed", (Stream,), {**attributes, "field_values": field_values})
    feed = Feed("thing.1", LogReader(MemoryEventLog()))
    await feed.check(Position("e", 0), Position("e", 0))
    for number in range(followers):
        await follow(feed, stream_class("thing.1"), number % 10)
    return feed


async def follow(feed: Any, stream: Any, tab: int) -> None:
    from realtime.access.login import Login
    from realtime.sockets.realtime_socket import RealtimeSocket
    from realtime.subscriptions.kinds import make_subscription

    async def send(message: Any) -> None:
        """Take what an ASGI server would send."""

    async def follow(name: str, follower: Any, after: Any) -> Any:
        feed.followers.add(follower)
        return feed

    socket = RealtimeSocket(send)
    socket.login = Login(SimpleNamespace(pk=1))
    if stream.extra:
        stream._serve(socket.id, {"tab": tab})
    hub: Any = SimpleNamespace(follow=follow)
    subscription = make_subscription(socket, stream, hub)
    await subscription.start(feed.position, None)


def new_events(offset: int) -> list[Any]:
    from realtime.eventlog import Draft, LoggedEvent

    texts = [json.dumps({"to": n % 10, "n": offset + n, "text": "x" * 100}) for n in range(EVENTS)]
    return [
        LoggedEvent.of(Draft(f"{offset + n}", "n", text, 1), "thing.1", "e", offset + n + 1)
        for n, text in enumerate(texts)
    ]


if __name__ == "__main__":
    main()
