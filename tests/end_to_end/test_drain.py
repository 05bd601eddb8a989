"""A server that is told to end: its sockets are told first, and it ends in good time."""

import asyncio
import contextlib
import os
import signal
import time

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes


@pytest.fixture(params=["daphne", "uvicorn"])
def served(request, site):
    return site(request.param, app="tests.end_to_end.served:application")


def ended(site):
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.waitpid(site.pid, os.WNOHANG)
    return not site.alive


async def test_sigterm_says_goodbye_to_all_at_spread_out_times_and_ends(served):
    cookies = [served.login(name).cookie_header() for name in ("alice", "bob")]
    async with contextlib.AsyncExitStack() as stack:
        sockets = []
        for number in range(30):
            context = wire(served, cookies=cookies[number % 2])
            sockets.append(await stack.enter_async_context(context))
            await sockets[-1].frame("welcome")
        chat = await stack.enter_async_context(wire(served, path="/async/", subprotocols=[]))
        await until(lambda: chat.answered, 5, "the mixin's peer has spoken")
        began = time.monotonic()
        os.kill(served.pid, signal.SIGTERM)
        byes = [await socket.frame("bye") for socket in [*sockets, chat]]
        assert {await socket.closed() for socket in [*sockets, chat]} == {4412}
        await until(lambda: ended(served), 5, "the server has ended")
        assert time.monotonic() - began < 4
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
        await until(lambda: ended(served), 4, "the server has ended")


async def test_a_second_signal_ends_at_once(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await socket.frame("welcome")
        socket.stop_reading()
        os.kill(served.pid, signal.SIGTERM)
        await asyncio.sleep(0.1)
        os.kill(served.pid, signal.SIGTERM)
        await until(lambda: ended(served), 5, "the server has ended")
