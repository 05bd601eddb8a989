"""What docs/deployment.md promises of ASGI servers other than Daphne and Uvicorn, on real ones."""

import contextlib
import os
import signal
import sys

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

SERVERS = ["hypercorn", "granian", "gunicorn", "gunicorn-uvicorn"]


@pytest.fixture(scope="module", params=SERVERS)
def running(request, shared_site):
    return shared_site(
        request.param,
        app="tests.end_to_end.served:application",
        env={
            "DJANGO_SETTINGS_MODULE": "tests.end_to_end.served_settings",
            "HEARTBEAT_INTERVAL": "0.5",
            "HEARTBEAT_TIMEOUT": "0.5",
        },
    )


@pytest.fixture
def served(running):
    return running.for_next_test()


async def subscribe(socket, **after):
    await socket.send({"type": "subscribe", "ref": 1, "stream": "open.1", **after})
    return await socket.frame("subscribed")


async def publish(socket, count):
    data = [count, 10]
    await socket.send(
        {"type": "send", "ref": 2, "stream": "open.1", "name": "publish", "data": data}
    )
    await socket.frame("reply")


async def test_events_arrive_once_and_what_was_missed_is_replayed(served):
    cookies = served.login("alice").cookie_header()
    async with wire(served, cookies=cookies) as socket:
        assert socket.subprotocol == "realtime.v1"
        assert [(await socket.frame())["type"]] == ["welcome"]  # Once, however it was sent.
        await socket.send({"type": "ping", "nonce": "n"})
        assert await socket.frame() == {"type": "pong", "nonce": "n"}
        epoch = (await subscribe(socket))["epoch"]
        await publish(socket, 30)
        assert [(await socket.frame("event"))["offset"] for _ in range(30)] == list(range(1, 31))
        await until(lambda: socket.answered >= 2, 20, "two pings were answered")
    async with wire(served, cookies=cookies) as socket:
        answer = await subscribe(socket, after={"epoch": epoch, "offset": 10})
        assert answer["recovered"] is True
        events = [await socket.frame("event") for _ in range(20)]
        assert [event["offset"] for event in events] == list(range(11, 31))
        assert all(event["replayed"] for event in events)
    await until(lambda: served.open_sockets() == 0, 20, "clean closes leave nothing behind")
    assert "Traceback" not in served.log()


async def test_a_peer_that_stops_answering_gets_a_bye_and_is_closed(served):
    async with both_kinds(served) as sockets:
        for socket in sockets:
            socket.silent = True
        for socket in sockets:
            assert (await socket.frame("bye"))["code"] == 4408
            assert await socket.closed() == 4408
    await until(lambda: served.open_sockets() == 0, 20, "its file descriptor is closed")


async def test_a_peer_on_a_dead_path_is_gone_from_the_process(served, cable):
    async with both_kinds(served) as sockets:
        assert served.open_sockets() == 2
        for socket in sockets:
            cable.cut(socket.port)
        await until(lambda: served.log().count("code=4408") == 2, 20, "the server gave up")
        await until(lambda: served.open_sockets() == 0, 20, "their file descriptors are closed")
        await until(lambda: "DISCONNECT async 4408" in served.log(), 20, "the consumer ended")


@contextlib.asynccontextmanager
async def both_kinds(served):
    """A socket of RealtimeConsumer and one with the mixin, each of which has answered a ping."""
    cookies = served.login("alice").cookie_header()
    await until(lambda: served.open_sockets() == 0, 20, "the login's connections ended")
    async with (
        wire(served, cookies=cookies) as socket,
        wire(served, path="/async/", subprotocols=[]) as chat,
    ):
        await until(lambda: socket.answered and chat.answered, 20, "both answered a ping")
        yield socket, chat


async def test_an_application_that_sends_to_a_peer_which_never_reads_ends(served):
    async with wire(served, path="/async/", subprotocols=[]) as socket:
        await until(lambda: socket.answered >= 1, 20, "a ping was answered")
        socket.stop_reading()
        await socket.send({"flood": 400})  # 40 MB, more than the kernel takes
        await until(lambda: "DISCONNECT async 4408" in served.log(), 20, "its consumer ended")
    await until(lambda: served.open_sockets() == 0, 20, "its file descriptor is closed")


async def test_sigterm_sends_all_away_at_spread_out_times_and_ends(served):
    cookies = served.login("alice").cookie_header()
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(wire(served, cookies=cookies)) for _ in range(20)
        ]
        for socket in sockets:
            await socket.frame("welcome")
        chat = await stack.enter_async_context(wire(served, path="/async/", subprotocols=[]))
        await chat.send({"type": "ping", "nonce": "heard"})
        await chat.frame("pong")  # Now the server knows of this peer's heartbeat.
        os.kill(served.pid, signal.SIGTERM)
        byes = [await socket.frame("bye") for socket in [*sockets, chat]]
        assert {await socket.closed() for socket in [*sockets, chat]} == {4412}
        await until(lambda: ended(served), 20, "the server has ended")
    assert {bye["code"] for bye in byes} == {4412}
    waits = sorted(bye["after"] for bye in byes)
    assert waits[-1] <= 1100 and waits[-1] - waits[0] > 400
    assert "DISCONNECT async 4412" in served.log()


def ended(site):
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.waitpid(site.pid, os.WNOHANG)
    return not site.alive


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Hypercorn waits for its sockets there")
async def test_children_of_hypercorn_say_bye_when_they_are_cancelled(site):
    """Its parent tells them by an event that no application sees, and cancels them 3 s later."""
    served = site("hypercorn-children", app="tests.end_to_end.served:application")
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        os.kill(served.pid, signal.SIGTERM)
        assert (await socket.frame("bye", timeout=10))["code"] == 4412
        assert await socket.closed() == 4412
    await until(lambda: ended(served), 20, "the server has ended")


async def test_a_child_of_hypercorn_that_gets_sigterm_itself_drains_first(site):
    served = site("hypercorn-children", app="tests.end_to_end.served:application")
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        for pid in [*served.workers, served.pid]:
            os.kill(pid, signal.SIGTERM)
        assert (await socket.frame("bye", timeout=2))["code"] == 4412
        assert await socket.closed() == 4412
    await until(lambda: ended(served), 20, "the server has ended")
