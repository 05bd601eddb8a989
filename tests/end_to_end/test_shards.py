"""A channel layer on two Redis servers, and the end of one of them."""

import asyncio
import contextlib
import time

import pytest
import redis

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

STREAMS = [f"open.{7**number}" for number in range(10)]
"""Names that differ in one digit only are often on one server."""


def streams_of(server):
    """Return those whose groups are subscribed to on a server."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        groups = client.pubsub_channels("*.open.*")
    return {"open." + group.rpartition(".")[2] for group in groups}


async def publish(site, data):
    code = f"""
import realtime
for stream in {STREAMS}:
    realtime.publish(stream, "n", {data!r})
"""
    await asyncio.to_thread(site.manage, "shell", "-c", code)


async def arrivals(socket):
    """Return when the next event of each stream has come, and that it is the same for all."""
    came = {}
    while len(came) < len(STREAMS):
        event = await socket.frame("event")
        assert event["stream"] not in came
        came[event["stream"]] = time.monotonic(), event["data"]
    assert len({data for _, data in came.values()}) == 1
    return {stream: at for stream, (at, _) in came.items()}


async def test_sockets_of_two_processes_get_all_from_two_servers_and_from_the_log_without_one(
    site, redis_server, second_redis
):
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.end_to_end.sharded_settings",
        "REDIS_SHARDS": f"{redis_server.url} {second_redis.url}",
    }
    app = "tests.end_to_end.served:application"
    one = site("uvicorn", app=app, env=env)
    other = site("uvicorn", app=app, env=env, database_url=one.database_url)
    async with contextlib.AsyncExitStack() as stack:
        sockets = []
        for served in (one, other):
            cookies = served.login("alice").cookie_header()
            socket = await stack.enter_async_context(wire(served, cookies=cookies))
            for number, stream in enumerate(STREAMS):
                await socket.send({"type": "subscribe", "ref": number, "stream": stream})
                await socket.frame("subscribed")
            sockets.append(socket)
        both = streams_of(redis_server), streams_of(second_redis)
        assert all(both) and both[0] | both[1] == set(STREAMS) and not both[0] & both[1]
        await publish(one, 1)
        for socket in sockets:
            await arrivals(socket)

        second_redis.kill()
        for served in (one, other):
            await until(lambda s=served: "channel layer down" in s.log(), 20, "it says so")
        await publish(one, 2)
        for socket in sockets:
            await arrivals(socket)

        second_redis.start()
        for served in (one, other):
            await until(lambda s=served: "channel layer up again" in s.log(), 20, "it is linked")
        await publish(one, 3)
        for socket in sockets:
            await arrivals(socket)
        assert streams_of(second_redis) == both[1]
    for served in (one, other):
        assert served.log().count("channel layer down") == 1
        assert "Traceback" not in served.log()
