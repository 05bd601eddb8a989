"""A server that gets SIGTERM: it sends its sockets away first, and ends in good time."""

import asyncio
import contextlib
import os
import signal
import time

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes


@pytest.fixture(params=["daphne", "uvicorn", "uvicorn-realtime"])
def served(request, site):
    return site(request.param, app="tests.end_to_end.served:application")


def ended(site):
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.waitpid(site.pid, os.WNOHANG)
    return not site.alive


async def speak(socket):
    """Make sure that the server knows of this peer's heartbeat, and says `bye` to it."""
    await socket.send({"type": "ping", "nonce": "heard"})
    assert (await socket.frame("pong"))["nonce"] == "heard"


async def test_sigterm_sends_all_away_at_spread_out_times_and_ends(served):
    cookies = [served.login(name).cookie_header() for name in ("alice", "bob")]
    async with contextlib.AsyncExitStack() as stack:
        sockets = []
        for number in range(30):
            context = wire(served, cookies=cookies[number % 2])
            sockets.append(await stack.enter_async_context(context))
            await sockets[-1].frame("welcome")
        chat = await stack.enter_async_context(wire(served, path="/async/", subprotocols=[]))
        await speak(chat)
        began = time.monotonic()
        os.kill(served.pid, signal.SIGTERM)
        byes = [await socket.frame("bye") for socket in [*sockets, chat]]
        assert {await socket.closed() for socket in [*sockets, chat]} == {4412}
        await until(lambda: ended(served), 20, "the server has ended")
        assert time.monotonic() - began < 12
    assert all(bye["code"] == 4412 and bye["retry"] for bye in byes)
    waits = sorted(bye["after"] for bye in byes)
    assert waits[0] >= 0 and waits[-1] <= 1100
    assert waits[-1] - waits[0] > 400
    assert "DISCONNECT async 4412" in served.log()
    assert "Traceback" not in served.log()


async def test_a_peer_that_does_not_close_delays_the_end_by_a_second_at_most(served, cable):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        cable.cut(socket.port)
        os.kill(served.pid, signal.SIGTERM)
        await until(lambda: ended(served), 20, "the server has ended")


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_second_signal_ends_the_wait_for_sockets(site, server):
    served = [site(server, app="tests.end_to_end.served:application") for _ in range(2)]
    patient, hurried = await asyncio.gather(
        seconds_to_end(served[0], signals=1), seconds_to_end(served[1], signals=2)
    )
    assert hurried < patient / 2


async def seconds_to_end(served, *, signals):
    """Measure from the first signal, with an application that stays busy after its peer's end."""
    async with wire(served, path="/async/", subprotocols=[]) as socket:
        await speak(socket)
        await socket.send({"sleep": 5})
        await socket.send({"type": "ping", "nonce": "it sleeps"})
        await socket.frame("pong")
        began = time.monotonic()
        os.kill(served.pid, signal.SIGTERM)
        await socket.frame("bye")
        for _ in range(signals - 1):
            os.kill(served.pid, signal.SIGTERM)
        await until(lambda: not served.ready(), 20, "the server takes no connections any more")
        return time.monotonic() - began
