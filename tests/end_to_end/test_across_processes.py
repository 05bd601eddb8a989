"""Events from other processes, and a Redis that fails in each of its ways."""

import asyncio
import time

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

GROUP_SEND = """
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from realtime.events import group_name
for stream in {streams}:
    async_to_sync(get_channel_layer().group_send)(group_name(stream), {{
        "type": "realtime.event", "stream": stream, "name": "from.shell", "data": {{"n": 1}}}})
"""


async def following(socket):
    """Subscribe to the user's own stream and return its name."""
    await socket.frame("welcome")
    await socket.send({"type": "subscribe", "ref": 1, "stream": "me"})
    return (await socket.frame("subscribed"))["stream"]


async def test_group_send_reaches_every_socket_of_the_user_in_every_process(site, redis_server):
    one = site("daphne", redis=redis_server)
    other = site("uvicorn", redis=redis_server, database_url=one.database_url)
    cookies = one.login("alice").cookie_header()
    bob = other.login("bob").cookie_header()
    async with (
        wire(one, cookies=cookies) as first,
        wire(one, cookies=cookies) as second,
        wire(other, cookies=cookies) as third,
        wire(other, cookies=bob) as bobs,
    ):
        stream = await following(first)
        for socket in (second, third):
            await following(socket)
        streams = [stream, await following(bobs)]
        await asyncio.to_thread(one.manage, "shell", "-c", GROUP_SEND.format(streams=streams))
        for socket in (first, second, third):
            event = await socket.frame("event")
            assert (event["stream"], event["name"]) == (stream, "from.shell")
            assert event["data"] == {"n": 1}
            assert event["id"] and event["at"] and "offset" not in event
        assert (await bobs.frame("event"))["stream"] == streams[1]  # and not alice's before it


async def test_publish_from_a_command_and_from_a_view_of_another_worker(site, redis_server):
    one = site("daphne", redis=redis_server)
    other = site("uvicorn", redis=redis_server, database_url=one.database_url)
    alice = one.login("alice")
    async with wire(other, cookies=alice.cookie_header()) as socket:
        stream = await following(socket)
        code = f"import realtime; realtime.publish('{stream}', 'from.command', [1])"
        await asyncio.to_thread(one.manage, "shell", "-c", code)
        assert (await socket.frame("event"))["data"] == [1]
        many = f"['{stream}', *(f'user.{{n}}' for n in range(1000, 1200))]"
        code = f"import realtime; realtime.publish({many}, 'to.many', [2])"
        await asyncio.to_thread(one.manage, "shell", "-c", code)
        assert (await socket.frame("event"))["data"] == [2]
        await asyncio.to_thread(alice.post, "/calls/simulate/")
        assert (await socket.frame("event"))["data"]["state"] == "ringing"


FAULTS = {
    "stopped": (lambda redis, cable: redis.stop(), lambda redis, cable: redis.start()),
    "killed": (lambda redis, cable: redis.kill(), lambda redis, cable: redis.start()),
    "frozen": (lambda redis, cable: redis.freeze(), lambda redis, cable: redis.thaw()),
    "cut off": (
        lambda redis, cable: cable.cut(redis.port),
        lambda redis, cable: cable.heal(redis.port),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_redis_fails_and_comes_back(site, redis_server, cable, fault):
    one = site("daphne", redis=redis_server)
    other = site("uvicorn", redis=redis_server, database_url=one.database_url)
    alice = {served: served.login("alice") for served in (one, other)}
    fail, heal = FAULTS[fault]
    async with (
        wire(one, cookies=alice[one].cookie_header()) as first,
        wire(other, cookies=alice[other].cookie_header()) as second,
    ):
        for socket in (first, second):
            await following(socket)
        fail(redis_server, cable)
        await asyncio.gather(goes_on(one, alice[one], first), goes_on(other, alice[other], second))
        heal(redis_server, cable)
        for served in (one, other):
            await until(lambda s=served: "channel layer up again" in s.log(), 20, "it says so")
        seen = set()
        for served in (one, other):
            await asyncio.to_thread(alice[served].post, "/calls/simulate/")
            calls = [await another_call(socket, seen) for socket in (first, second)]
            assert calls[0] == calls[1]
            seen.add(calls[0])
    for served in (one, other):
        assert served.log().count("channel layer down") == 1
        assert served.log().count("channel layer up again") == 1
        assert "Traceback" not in served.log()


async def goes_on(served, alice, socket):
    """See that a process says that Redis is away, and goes on answering on socket and site."""
    await until(lambda: "channel layer down" in served.log(), 20, "the process says so")
    for _ in range(30):
        await socket.send({"type": "ping", "nonce": "there?"})
        await socket.frame("pong", timeout=3)
        await asyncio.sleep(0.1)
    began = time.monotonic()
    await asyncio.to_thread(alice.get, "/calls/")
    assert time.monotonic() - began < 3


async def another_call(socket, seen):
    """Wait for an event of a call that was not seen yet, and return the call."""
    while (call := (await socket.frame("event"))["data"]["call"]) in seen:
        pass
    return call


async def test_a_process_that_starts_without_redis_serves_and_links_later(site, redis_server):
    redis_server.stop()
    served = site("uvicorn", redis=redis_server)
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        await following(socket)
        redis_server.start()
        await until(lambda: "channel layer up again" in served.log(), 20, "the layer is linked")
        await asyncio.to_thread(alice.post, "/calls/simulate/")
        await socket.frame("event")
