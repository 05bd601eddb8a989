"""Publishers at the same time on PostgreSQL: no deadlock, no waiting, one order; their death."""

import asyncio
import contextlib

import pytest

from tests.faults.commanded import commanded
from tests.faults.committed import read_rows
from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

FOLLOWED_WITHIN = 2 + 15  # seconds: POSITION_CHECK, and a busy machine


async def test_opposite_orders_neither_deadlock_nor_wait(worker, postgres_url):
    served = worker("uvicorn")
    async with commanded(served) as one, commanded(served) as other:
        steps = [
            (one, "begin"),
            (other, "begin"),
            (one, "publish", "room.1", "one"),
            (other, "publish", "room.2", "other"),
            (one, "publish", "room.2", "one"),
            (other, "publish", "room.1", "other"),
            (other, "commit"),  # One is still open.
        ]
        for publisher, *command in steps:
            assert await publisher.do(*command) == "done"
        assert numbered(postgres_url) == {"room.1": ["other"], "room.2": ["other"]}
        assert await one.do("commit") == "done"
    assert numbered(postgres_url) == {"room.1": ["other", "one"], "room.2": ["other", "one"]}


async def test_equal_keys_for_many_streams_in_opposite_order_do_not_deadlock(worker, postgres_url):
    served, times = worker("uvicorn"), 150
    streams = [f"room.{number}" for number in range(30)]
    orders = [streams, streams[::-1], streams]
    async with contextlib.AsyncExitStack() as stack:
        publishers = [await stack.enter_async_context(commanded(served)) for _ in orders]
        repeating = [
            publisher.do("repeat", ",".join(order), str(times))
            for publisher, order in zip(publishers, orders, strict=True)
        ]
        assert await asyncio.gather(*repeating) == ["done"] * len(orders)
    found = numbered(postgres_url)
    assert found.keys() == {*streams}
    assert all(sorted(events) == sorted(set(events)) for events in found.values())
    assert all(len(events) == times for events in found.values())


async def test_a_publisher_that_begins_after_a_commit_comes_after_it(worker, postgres_url):
    served = worker("uvicorn")
    async with commanded(served) as one, commanded(served) as other, commanded(served) as third:
        await one.do("begin")
        await one.do("publish", "room.1", "began-first")
        await other.do("publish", "room.1", "committed-first")
        await third.do("publish", "room.1", "began-after-that")
        await one.do("commit")
        await other.do("publish", "room.1", "began-last")
    order = ["committed-first", "began-after-that", "began-first", "began-last"]
    assert numbered(postgres_url) == {"room.1": order}


@pytest.mark.parametrize("followed", [True, False], ids=["followed", "followed by nobody"])
async def test_a_publisher_dies_between_commit_and_numbering(worker, postgres_url, followed):
    publishing, other = worker("daphne"), worker("uvicorn")
    cookies = other.login("alice").cookie_header()
    async with wire(other, cookies=cookies) as socket, commanded(publishing) as publisher:
        stream = "room.1" if followed else "room.2"
        await socket.send({"type": "subscribe", "ref": 1, "stream": stream})
        await socket.frame("subscribed")
        await publisher.do("die")
        assert await publisher.do("publish", "room.1", "last-words") == ""
        if followed:
            event = await socket.frame("event", timeout=FOLLOWED_WITHIN)
            assert (event["data"], event["offset"]) == ("last-words", 1)
        else:
            check = lambda: numbered(postgres_url) == {"room.1": ["last-words"]}  # noqa: E731
            await until(check, FOLLOWED_WITHIN, "a worker numbers it")


def numbered(database_url):
    """Return what is in each stream, in its order."""
    streams = {}
    for row in read_rows(database_url):
        if row.offset is not None:
            streams.setdefault(row.stream, []).append(row.token)
    return streams
