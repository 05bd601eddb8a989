"""Events from other processes, and a channel layer that fails in each of its ways."""

import asyncio
import tempfile
import time
from pathlib import Path

import pytest

from tests.processes.proxies import PgBouncer
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


@pytest.fixture
def redis_layer(redis_server):
    """A server of a channel layer, and what makes sites use it."""
    return redis_server, {"redis": redis_server}


@pytest.fixture
def postgres_layer(postgres_url):
    """The same; a pooler can be away while the log is there."""
    with tempfile.TemporaryDirectory() as directory:
        pooler = PgBouncer(Path(directory), postgres_url, "session")
        pooler.start()
        settings = "tests.end_to_end.postgres_layer_settings"
        env = {"DJANGO_SETTINGS_MODULE": settings, "LAYER_DSN": pooler.url}
        yield pooler, {"database_url": postgres_url, "env": env}
        pooler.kill()


@pytest.fixture(params=["redis_layer", "postgres_layer"])
def layer(request):
    return request.getfixturevalue(request.param)


def two_processes(site, options):
    one = site("daphne", **options)
    return one, site("uvicorn", **{**options, "database_url": one.database_url})


async def following(socket):
    """Subscribe to the user's own stream and return its name."""
    await socket.frame("welcome")
    await socket.send({"type": "subscribe", "ref": 1, "stream": "me"})
    return (await socket.frame("subscribed"))["stream"]


async def test_group_send_reaches_every_socket_of_the_user_in_every_process(site, layer):
    _, options = layer
    one, other = two_processes(site, options)
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


async def test_publish_from_a_command_and_from_a_view_of_another_worker(site, layer):
    _, options = layer
    one, other = two_processes(site, options)
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
        large = "'x' * 30_000, ephemeral=True"
        code = f"import realtime; realtime.publish('{stream}', 'large', {large})"
        await asyncio.to_thread(one.manage, "shell", "-c", code)
        assert (await socket.frame("event"))["data"] == "x" * 30_000
        await asyncio.to_thread(alice.post, "/calls/simulate/")
        assert (await socket.frame("event"))["data"]["state"] == "ringing"


FAULTS = {
    "stopped": (lambda server, cable: server.stop(), lambda server, cable: server.start()),
    "killed": (lambda server, cable: server.kill(), lambda server, cable: server.start()),
    "frozen": (lambda server, cable: server.freeze(), lambda server, cable: server.thaw()),
    "cut off": (
        lambda server, cable: cable.cut(server.port),
        lambda server, cable: cable.heal(server.port),
    ),
}


@pytest.mark.parametrize(
    ("layer", "fault"),
    [
        *(("redis_layer", fault) for fault in FAULTS),
        ("postgres_layer", "cut off"),
    ],
    indirect=["layer"],
)
async def test_a_layer_fails_and_comes_back(site, layer, cable, fault):
    server, options = layer
    one, other = two_processes(site, options)
    alice = {served: served.login("alice") for served in (one, other)}
    fail, heal = FAULTS[fault]
    async with (
        wire(one, cookies=alice[one].cookie_header()) as first,
        wire(other, cookies=alice[other].cookie_header()) as second,
    ):
        for socket in (first, second):
            await following(socket)
        fail(server, cable)
        await asyncio.gather(goes_on(one, alice[one], first), goes_on(other, alice[other], second))
        heal(server, cable)
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
    """See that a process says that the layer is away, and goes on answering on socket and site."""
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


async def test_a_process_that_starts_without_its_layer_serves_and_links_later(site, layer):
    server, options = layer
    server.stop()
    served = site("uvicorn", **options)
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        await following(socket)
        server.start()
        await until(lambda: "channel layer up again" in served.log(), 20, "the layer is linked")
        await asyncio.to_thread(alice.post, "/calls/simulate/")
        await socket.frame("event")
