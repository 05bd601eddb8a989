"""A frame of the server that takes a slow line longer than any proof may take, on real servers."""

import asyncio
import time

import pytest

from tests.processes.throttle import throttled
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

SIZE = 400_000
"""Characters of the snapshot of ``open.big``."""

FAST = {"HEARTBEAT_INTERVAL": "1", "HEARTBEAT_TIMEOUT": "1"}


async def on_both(site, see, **options):
    """See something on both servers, together, because the slow line is all that takes time."""
    app = "tests.end_to_end.served:application"
    servers = [site(server, app=app, **options) for server in ("daphne", "uvicorn")]
    await asyncio.gather(*map(see, servers))


async def test_a_large_snapshot_arrives_over_a_slow_line_and_the_socket_stays(site):
    async def see(served):
        cookies = served.login("alice").cookie_header()
        async with throttled(served, SIZE / 4) as line, wire(line, cookies=cookies) as socket:
            await socket.frame("welcome")
            began = time.monotonic()
            await socket.send({"type": "subscribe", "ref": 1, "stream": "open.big"})
            answer = await socket.frame("subscribed", timeout=15)
            assert len(answer["snapshot"]) == SIZE
            assert time.monotonic() - began > 3, "longer than the proof and the heartbeat may take"
            await asyncio.sleep(1)
            await socket.send({"type": "ping", "nonce": "still here"})
            await socket.frame("pong")
        assert "closed socket=" not in served.log()

    await on_both(site, see, env=FAST)


async def test_so_do_the_large_frames_of_an_application_behind_the_mixin(site):
    async def see(served):
        async with (
            throttled(served, SIZE / 4) as line,
            wire(line, path="/async/", subprotocols=[]) as socket,
        ):
            await socket.frame("welcome")
            await socket.send({"flood": 4})
            for _ in range(4):
                assert len(await socket.frame(timeout=15)) == 100_000
            assert (await socket.frame())["echo"] == {"flood": 4}
        assert "closed socket=" not in served.log()

    await on_both(site, see)


async def test_a_peer_that_takes_nothing_of_it_is_ended(site):
    async def see(served):
        cookies = served.login("alice").cookie_header()
        async with throttled(served, 1) as line, wire(line, cookies=cookies) as socket:
            await socket.send({"type": "subscribe", "ref": 1, "stream": "open.big"})
            began = time.monotonic()
            while "code=4413" not in served.log():
                assert time.monotonic() - began < 20
                await asyncio.sleep(0.1)

    await on_both(site, see)
