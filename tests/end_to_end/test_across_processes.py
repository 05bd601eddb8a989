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
@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_redis_fails_and_comes_back(site, redis_server, cable, server, fault):
    served = site(server, redis=redis_server)
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        await following(socket)
        fail, heal = FAULTS[fault]
        fail(redis_server, cable)
        await until(lambda: "channel layer down" in served.log(), 20, "the process says so")
        for _ in range(30):  # It goes on answering, on the socket and on the site.
            await socket.send({"type": "ping", "nonce": "there?"})
            await socket.frame("pong", timeout=3)
            await asyncio.sleep(0.1)
        began = time.monotonic()
        await asyncio.to_thread(alice.get, "/calls/")
        assert time.monotonic() - began < 3
        heal(redis_server, cable)
        await until(lambda: "channel layer up again" in served.log(), 20, "the process says so")
        await asyncio.to_thread(alice.post, "/calls/simulate/")
        await socket.frame("event")
    assert served.log().count("channel layer down") == 1
    assert served.log().count("channel layer up again") == 1
    assert "Traceback" not in served.log()


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
