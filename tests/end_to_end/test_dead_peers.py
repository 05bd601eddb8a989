"""Peers that are gone without a word, and a server that was away itself, on real servers.

The heartbeat is 0.5 s and 0.5 s, so the verdict comes within 1 s of the cut.
"""

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

FAST = {"HEARTBEAT_INTERVAL": "0.5", "HEARTBEAT_TIMEOUT": "0.5"}


@pytest.fixture(scope="module", params=["daphne", "uvicorn", "uvicorn-realtime"])
def running(request, shared_site):
    return shared_site(request.param, app="tests.end_to_end.served:application", env=FAST)


@pytest.fixture
def served(running):
    return running.for_next_test()


async def test_a_peer_that_stops_answering_gets_a_bye_and_is_closed(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await until(lambda: socket.answered >= 2, 20, "two pings were answered")
        socket.silent = True
        bye = {"type": "bye", "code": 4408, "reason": "stale", "retry": True}
        assert await socket.frame("bye") == bye
        assert await socket.closed() == 4408


async def test_a_peer_on_a_dead_path_is_gone_from_the_process(served, cable):
    cookies = served.login("alice").cookie_header()
    await until(lambda: served.open_sockets() == 0, 20, "the login's connections ended")
    async with wire(served, cookies=cookies) as socket:
        await until(lambda: socket.answered >= 1, 20, "a ping was answered")
        assert served.open_sockets() == 1
        cable.cut(socket.port)
        await until(lambda: "code=4408" in served.log(), 20, "the server gave up")
        await until(lambda: served.open_sockets() == 0, 20, "its file descriptor is closed")
    assert "Traceback" not in served.log()


@pytest.mark.parametrize("path", ["/realtime/", "/async/", "/sync/"])
async def test_a_peer_that_never_reads_is_gone_from_the_process(served, path):
    agent = served.login("alice")
    await until(lambda: served.open_sockets() == 0, 20, "the login's connections ended")
    async with wire(served, path=path, cookies=agent.cookie_header()) as socket:
        await socket.frame("welcome")
        if path == "/realtime/":
            await socket.send({"type": "subscribe", "ref": 1, "stream": "open.1"})
            await socket.frame("subscribed")
        socket.stop_reading()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(40):
                if path == "/async/":
                    await socket.send({"flood": 2})
                else:
                    data = {"type": "send", "stream": "open.1", "name": "x", "data": "x" * 60_000}
                    await socket.send(data)
                await asyncio.sleep(0.01)
        await until(lambda: "closed socket=" in served.log(), 20, "the server gave up")
        await until(lambda: served.open_sockets() == 0, 20, "its file descriptor is closed")
        if path != "/realtime/":
            await until(lambda: "DISCONNECT" in served.log(), 20, "the application is disconnected")
    assert "Traceback" not in served.log()


async def test_a_server_that_was_stopped_for_a_little_more_than_the_timeout(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        for _ in range(5):
            before = socket.answered
            await until(lambda before=before: socket.answered > before, 20, "a ping was answered")
            await asyncio.sleep(0.45)  # The next ping is about to go out, or just went.
            served.freeze()
            await asyncio.sleep(0.8)
            served.thaw()
    assert "code=4408" not in served.log()


async def test_a_dead_peer_of_a_consumer_inside_the_middleware_is_gone(served, cable):
    cookies = served.login("alice").cookie_header()
    await until(lambda: served.open_sockets() == 0, 20, "the login's connections ended")
    async with wire(served, path="/wrapped/", cookies=cookies) as socket:
        await until(lambda: socket.answered >= 1, 20, "a ping was answered")
        cable.cut(socket.port)
        await until(lambda: served.open_sockets() == 0, 20, "its file descriptor is closed")


async def test_a_server_that_was_stopped_closes_nobody_who_answers(served):
    cookies = served.login("alice").cookie_header()
    async with wire(served, cookies=cookies) as socket:
        await until(lambda: socket.answered >= 1, 20, "a ping was answered")
        served.freeze()
        await asyncio.sleep(3)
        served.thaw()
        before = socket.answered
        await until(lambda: socket.answered >= before + 3, 20, "pings go on")
    assert "code=4408" not in served.log()


@pytest.mark.parametrize("server", ["uvicorn", "uvicorn-realtime"])
async def test_a_closed_socket_leaves_no_memory_behind(site, server):
    # Daphne's memory comes to rest after thousands of sockets only.
    served = site(server, forked=False)
    cookies = served.login("alice").cookie_header()

    async def memory_after(times):
        for _ in range(times):
            async with wire(served, cookies=cookies) as socket:
                await socket.send({"type": "subscribe", "ref": 1, "stream": "me"})
                await socket.frame("subscribed")
        return served.memory()

    before = await memory_after(300)
    # What became of a socket is remembered for 30 s, and for the record until it is written. It
    # grows in steps of 3 MB, with many sockets at a time.
    assert await memory_after(900) - before < 900 * 8192
