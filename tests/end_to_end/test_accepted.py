"""What the server has taken is done, though the page has gone or the server is about to."""

import os
import signal

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes


@pytest.fixture(params=["daphne", "uvicorn"])
def served(request, site):
    return site(request.param, app="tests.end_to_end.served:application")


async def send_five(socket):
    """Send five messages, and make sure that the server has them."""
    await socket.send({"type": "subscribe", "ref": 1, "stream": "open.1"})
    await socket.frame("subscribed")
    for number in range(5):
        note = {"type": "send", "stream": "open.1", "name": "note", "data": number}
        await socket.send(note)
    await socket.send({"type": "ping", "nonce": "behind them"})
    await socket.frame("pong")


def noted(served):
    return [line for line in served.log().splitlines() if line.startswith("NOTED")]


ALL = [f"NOTED {number}" for number in range(5)]


async def test_messages_before_a_clean_close_are_carried_out_in_order(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await send_five(socket)
        assert len(noted(served)) < 5
    await until(lambda: noted(served) == ALL, 20, "all were carried out")
    assert "Traceback" not in served.log()


async def test_messages_before_sigterm_are_carried_out_before_the_end(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        await send_five(socket)
        os.kill(served.pid, signal.SIGTERM)
        assert (await socket.frame("bye"))["code"] == 4412
        assert len(noted(served)) < 5
    await until(lambda: noted(served) == ALL, 20, "all were carried out")
    await until(lambda: not served.ready(), 20, "the server takes no connections any more")
