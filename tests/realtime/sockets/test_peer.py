"""What both kinds of socket do for their peer."""

import asyncio
import logging
import random
import time

import pytest

from realtime.protocol.close_codes import CloseCode
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import open_realtime, open_wrapped

INTERVAL, TIMEOUT = 10.0, 8.0
SLACK = 0.2  # Timers come in slots, and a verdict is checked a second time.


@pytest.fixture(params=[open_realtime, open_wrapped])
def kind(request):
    return request.param


@pytest.fixture
async def socket(kind, connection):
    """A socket whose peer has sent a heartbeat, as a client does on ``welcome``."""
    socket = await kind(connection)
    connection.say({"type": "ping", "nonce": "welcomed"})
    await connection.frame("pong")
    return socket


def now():
    return asyncio.get_running_loop().time()


async def test_the_first_frame_greets_the_peer(kind, connection):
    socket = await kind(connection)
    welcome = connection.frames[0]
    assert welcome["type"] == "welcome"
    assert welcome["socket"] == socket.id
    assert welcome["heartbeat"] == {"interval": INTERVAL, "timeout": TIMEOUT}
    assert abs(welcome["now"] / 1000 - time.time()) < 5


async def test_a_ping_of_the_peer_is_answered_with_its_nonce(socket, connection):
    connection.say({"type": "ping", "nonce": "abc"})
    assert await connection.frame("pong") == {"type": "pong", "nonce": "abc"}


async def test_the_first_pings_of_many_sockets_are_spread_over_the_interval(kind):
    random.seed(7)
    began = now()
    connections = [Connection() for _ in range(50)]
    for connection in connections:
        connection.freeze()
        await kind(connection)
    waits = []
    for connection in connections:
        await connection.frame("ping")
    for connection in connections:
        waits.append(connection.pinged_at[0] - began)
    assert 0 < min(waits) < 2
    assert 8 < max(waits) <= INTERVAL + SLACK


async def test_a_peer_that_answers_is_pinged_every_interval_and_stays(socket, connection):
    await asyncio.sleep(100)
    waits = [
        after - before
        for before, after in zip(connection.pinged_at, connection.pinged_at[1:], strict=False)
    ]
    assert 8 <= len(waits) <= 10
    assert all(abs(wait - INTERVAL) < SLACK for wait in waits)
    assert connection.close_code is None


async def test_a_mute_peer_gets_bye_and_is_aborted_a_second_later(socket, connection):
    connection.freeze()
    await connection.frame("ping")
    pinged_at = now()
    bye = {"type": "bye", "code": 4408, "reason": "stale", "retry": True}
    assert await connection.frame("bye") == bye
    assert await connection.closed() == 4408
    assert TIMEOUT <= now() - pinged_at <= TIMEOUT + SLACK
    assert connection.aborted_at is None
    await asyncio.sleep(5)
    assert connection.aborted_at - connection.closed_at == pytest.approx(1)


async def test_a_pong_to_no_ping_of_ours_proves_nothing(socket, connection):
    connection.freeze()
    await connection.frame("ping")
    connection.say({"type": "pong", "nonce": "made up"})
    assert await connection.closed() == 4408


async def test_latency_is_the_last_round_trip(socket, connection):
    assert socket.latency is None
    connection.freeze()
    ping = await connection.frame("ping")
    await asyncio.sleep(0.75)
    connection.say({"type": "pong", "nonce": ping["nonce"]})
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert socket.latency == pytest.approx(0.75)


async def test_a_process_that_was_stopped_pings_again_before_it_gives_a_peer_up(socket, connection):
    connection.freeze()
    await connection.frame("ping")
    asyncio.get_running_loop().stall(TIMEOUT + 5)
    stalled_until = now()
    ping = await connection.frame("ping")
    assert now() - stalled_until <= SLACK
    connection.say({"type": "pong", "nonce": ping["nonce"]})
    connection.answers_pings = True
    await asyncio.sleep(3 * INTERVAL)
    assert connection.close_code is None


async def test_a_peer_within_its_rate_stays(socket, connection):
    for _ in range(1000):
        connection.say({"type": "ping", "nonce": "x"})
        await asyncio.sleep(1 / 95)
    assert connection.close_code is None


async def test_a_peer_over_its_rate_is_sent_away(socket, connection):
    for _ in range(199):  # Twice the rate may come in a burst, and one has.
        connection.say({"type": "ping", "nonce": "x"})
    await asyncio.sleep(0)
    connection.say({"type": "ping", "nonce": "one too many"})
    bye = {"type": "bye", "code": 4429, "reason": "too many frames", "retry": True}
    assert await connection.frame("bye") == bye
    assert await connection.closed() == 4429
    assert len([frame for frame in connection.frames if frame["type"] == "pong"]) == 200


async def test_pongs_that_prove_nothing_count_against_the_rate(socket, connection):
    for _ in range(200):
        connection.say({"type": "pong", "nonce": "x"})
    assert await connection.closed() == 4429


async def test_nothing_comes_after_a_close_and_the_first_one_counts(socket, connection):
    socket.close(CloseCode.TOO_MANY_SOCKETS)
    socket.close(CloseCode.STALE)
    socket.drain(100)
    socket.send_text("too late")
    connection.say({"type": "ping", "nonce": "too late"})
    await asyncio.sleep(60)
    assert connection.close_code == 4505
    assert connection.frames[-1]["type"] == "bye"
    assert connection.frames[-1]["retry"] is False
    assert connection.texts[-1] == "websocket.close"
    assert socket.closing


async def test_a_peer_that_is_drained_learns_when_to_come_back(socket, connection):
    socket.drain(1200)
    bye = {"type": "bye", "code": 4412, "reason": "restarting", "retry": True, "after": 1200}
    assert await connection.frame("bye") == bye
    assert await connection.closed() == 4412


async def test_the_log_has_the_socket_and_why_it_was_closed_once(socket, caplog):
    caplog.set_level(logging.INFO, "realtime")
    socket.close(CloseCode.TOO_MANY_SOCKETS)
    socket.close(CloseCode.STALE)
    line = f"closed socket={socket.id} code=4505 reason=one socket too many for this user"
    assert caplog.messages == [line]


async def test_a_peer_that_left_is_not_pinged(socket, connection):
    connection.leave()
    await connection.served
    connection.sent.clear()
    await asyncio.sleep(60)
    assert connection.sent == []
