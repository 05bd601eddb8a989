"""What the flight recorder keeps of real sockets: those that leave, are cut, killed and drained."""

import asyncio
import contextlib
import json
import os
import signal

import pytest

from realtime.recorder.wire import life_from_json
from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

READ = """
import json
from dataclasses import asdict
from realtime.recorder import recorder_backend
from realtime.recorder.wire import life_to_json
backend = recorder_backend()
lives = [life_to_json(life) for life in backend.followers("open.1", 0, 1e12)]
processes = [asdict(one) for one in backend.processes(0)]
print(json.dumps([lives, processes]))
"""


@pytest.fixture
def servers(site, redis_server, postgres_url):
    together = {
        "redis": redis_server,
        "database_url": postgres_url,
        "env": {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.recorded_settings"},
        "app": "tests.end_to_end.recorded:application",
    }
    return site("uvicorn", **together), site("daphne", **together)


async def follow(stack, site, name):
    """Follow a stream, and return the socket with its id."""
    cookies = site.login(name).cookie_header()
    socket = await stack.enter_async_context(wire(site, cookies=cookies))
    socket_id = (await socket.frame("welcome"))["socket"]
    await socket.send({"type": "subscribe", "ref": 1, "stream": "open.1"})
    await socket.frame("subscribed")
    return socket, socket_id


async def publish(socket, count):
    await socket.send(
        {"type": "send", "ref": 2, "stream": "open.1", "name": "publish", "data": [count, 10]}
    )
    await socket.frame("reply")


async def proof(*sockets):
    """Wait until all that was sent so far is proved: a ping that went out later is answered."""
    before = [socket.answered for socket in sockets]
    enough = [number + 2 for number in before]
    await until(
        lambda: all(one.answered >= n for one, n in zip(sockets, enough, strict=True)), 20, "pongs"
    )


async def read(site):
    """Return the lives by socket and the processes by the name of their server."""
    lives, processes = json.loads(await asyncio.to_thread(site.manage, "shell", "-v0", "-c", READ))
    return (
        {life["socket"]: life_from_json(life) for life in lives},
        {one["server"].split()[0]: one for one in processes},
    )


async def test_what_became_of_each_socket(servers, cable):
    uvicorn, daphne = servers
    async with contextlib.AsyncExitStack() as stack:
        leaving, left = await follow(stack, daphne, "alice")
        speaker, killed = await follow(stack, uvicorn, "alice")
        unplugged, cut = await follow(stack, daphne, "bob")
        staying, drained = await follow(stack, daphne, "bob")
        await publish(speaker, 3)
        for socket in (leaving, unplugged, staying):
            for _ in range(3):
                await socket.frame("event")
        await proof(leaving, speaker, unplugged, staying)
        await leaving._connection.close(1001)
        cable.cut(unplugged.port)
        await publish(speaker, 2)
        await until(lambda: f"closed socket={cut} code=4408" in daphne.log(), 20, "it is stale")
        await publish(speaker, 1)
        for _ in range(3):
            await staying.frame("event")
        await asyncio.sleep(1.5)  # Twice the time until a life is written.
        uvicorn.kill()
        os.kill(daphne.pid, signal.SIGTERM)
        assert await staying.closed() == 4412
        await until(lambda: ended(daphne), 20, "the server has ended")
        await asyncio.sleep(3)  # The lease of the one that was killed.

    lives, processes = await read(uvicorn)
    assert {name: one["has_died"] for name, one in processes.items()} == {
        "uvicorn": True,
        "daphne": False,
    }
    ends = {name: (one.ended_by, one.code) for name, one in lives.items()}
    assert ends == {
        left: ("client", 1001),
        cut: ("server", 4408),
        killed: ("process", None),
        drained: ("server", 4412),
    }
    offsets = {name: (one.handed, one.proved) for name, (one,) in followings(lives).items()}
    assert offsets[left] == (3, 3)
    assert offsets[cut] == (5, 3), "two were handed out, and the third came after the end"
    assert offsets[drained][0] == 6
    (following,) = lives[cut].followings
    stale_at, last_pong = lives[cut].ended_at, lives[cut].proved_at
    assert 1 < stale_at - last_pong < 4
    for step in following.steps:
        assert lives[cut].opened_at < step.handed_at < stale_at
        assert (step.proved_at is not None) == (step.offset <= 3)
        assert step.proved_at is None or step.handed_at < step.proved_at <= last_pong + 0.01
    assert lives[killed].ended_at > lives[cut].ended_at
    assert "recorder down" not in uvicorn.log() + daphne.log()


def followings(lives):
    return {name: life.followings for name, life in lives.items()}


def ended(site):
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.waitpid(site.pid, os.WNOHANG)
    return not site.alive
