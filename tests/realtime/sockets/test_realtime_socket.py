"""A socket that speaks ``realtime.v1``: what it refuses, and what it may have in flight."""

import asyncio
import logging

import pytest

from realtime.counters import LATENCY
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.proofs import Proofs
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import open_realtime
from tests.virtual_time import settle

LIMIT = 256 * 1024
"""``MAX_IN_FLIGHT_BYTES``, in bytes."""


@pytest.fixture
async def socket(connection):
    return await open_realtime(connection)


async def test_welcome_names_the_users_own_stream_and_the_log_says_who_came(connection, caplog):
    caplog.set_level(logging.INFO, "realtime")
    socket = await open_realtime(connection)
    assert connection.frames[0]["me"] == "user.42"
    assert socket.user.pk == 42
    assert f"opened socket={socket.id} me=user.42" in caplog.messages
    connection.leave()
    await connection.served
    assert f"disconnected socket={socket.id}" in caplog.messages


class Disconnected(RuntimeError):
    """What Daphne lets through from Autobahn."""


@pytest.mark.parametrize("error", [OSError, Disconnected])
async def test_a_peer_whose_end_shows_when_something_is_sent_has_just_left(
    connection, caplog, error
):
    caplog.set_level(logging.INFO, "realtime")

    async def fail(message):
        raise error("the peer has left")

    connection.send = fail
    gone = await open_realtime(connection)
    connection.leave()
    await connection.served
    assert f"disconnected socket={gone.id}" in caplog.messages
    assert "send failed" not in caplog.text


@pytest.mark.parametrize("dropped", [True, False])
async def test_a_pong_proves_nothing_of_what_was_dropped_on_its_way(socket, connection, dropped):
    arrived = []
    connection.writable.clear()
    for text in ("one", "two"):
        socket.send_text(text)
        socket.when_proved(lambda text=text: arrived.append(text), soon=True)
    await settle()
    socket.drop_waiting(lambda text: dropped and text == "two")
    connection.writable.set()
    await settle()
    assert ("two" in connection.texts) is not dropped
    assert arrived == ([] if dropped else ["one", "two"])


async def test_a_pong_proves_nothing_that_was_sent_after_its_ping(connection, socket, monkeypatch):
    loop, add = asyncio.get_running_loop(), LATENCY.add

    def add_slowly(seconds):
        loop.stall(0.5)
        add(seconds)

    monkeypatch.setattr(LATENCY, "add", add_slowly)
    socket.proofs = Proofs()
    await asyncio.sleep(30)
    (*_, pinged_at) = connection.pinged_at
    assert socket.proofs.proved_at(pinged_at - 0.01) is not None
    assert socket.proofs.proved_at(pinged_at + 0.01) is None


async def test_where_something_answers_for_the_client_a_pong_proves_nothing(connection):
    socket = await open_realtime(connection, is_answered_for=True)
    socket.proofs = Proofs()
    await asyncio.sleep(60)
    assert socket.latency is not None
    assert socket.proofs.last is None


async def test_nothing_is_sent_to_a_peer_that_has_left(socket, connection):
    connection.leave()
    await connection.served
    assert socket.closing
    sent = list(connection.sent)
    socket.send_text("answer")
    socket.deliver({"type": "websocket.send", "text": "event"}, 5)
    socket.close(CloseCode.STALE)
    await asyncio.sleep(1)
    assert connection.sent == sent


async def test_welcome_names_the_limits_that_are_set(connection, settings):
    settings.REALTIME = {
        "MAX_FRAMES_PER_SECOND": 7,
        "MAX_FRAME_BYTES": 900,
        "MAX_STREAMS_PER_SOCKET": 3,
    }
    await open_realtime(connection)
    limits = {"frames_per_second": 7, "frame_bytes": 900, "streams": 3}
    assert connection.frames[0]["limits"] == limits


@pytest.mark.parametrize(
    ("frame", "error", "ref"),
    [
        ("no JSON", "bad_frame", None),
        (b"bytes", "bad_frame", None),
        ("[]", "bad_frame", None),
        ({"type": "subscribe", "ref": 7}, "bad_frame", 7),
        ({"type": "dance", "ref": "a"}, "unknown_type", "a"),
        ("x" * (64 * 1024 + 1), "too_large", None),
    ],
)
async def test_a_frame_of_wrong_form_gets_an_error_and_the_socket_stays(
    socket, connection, frame, error, ref
):
    connection.say(frame)
    answer = await connection.frame("error")
    assert (answer["code"], answer.get("ref")) == (error, ref)
    connection.say({"type": "ping", "nonce": "still here"})
    assert (await connection.frame("pong"))["nonce"] == "still here"


@pytest.mark.parametrize("frame", ["no JSON", {"type": "subscribe", "stream": "me"}])
async def test_commands_and_wrong_frames_count_against_the_rate(connection, frame):
    await open_realtime(connection)
    for _ in range(20):
        for _ in range(10):
            connection.say(frame)
        await asyncio.sleep(0)
    connection.say(frame)
    assert await connection.closed() == 4429


async def test_events_are_held_back_from_a_peer_with_too_much_in_flight(socket, connection):
    connection.freeze()
    message = {"type": "websocket.send", "text": "x" * 1024}
    delivered = 0
    while socket.deliver(message, 1024):
        delivered += 1
    assert delivered == LIMIT // 1024  # The welcome is in flight too.
    assert connection.texts.count(message["text"]) == delivered
    connection.say({"type": "pong", "nonce": (await last_ping(connection))["nonce"]})
    await asyncio.sleep(0.1)
    assert socket.deliver(message, 1024)


async def last_ping(connection):
    return [frame for frame in connection.frames if frame["type"] == "ping"][-1]


async def test_sockets_that_get_the_same_events_are_not_all_pinged_behind_the_same_one():
    connections = [Connection() for _ in range(60)]
    sockets = [await open_realtime(connection) for connection in connections]
    pings = []
    for _ in range(LIMIT // 2 // 8192 + 1):
        before = sum(len(one.pinged_at) for one in connections)
        for socket in sockets:
            assert socket.deliver({"type": "websocket.send", "text": "x" * 8192}, 8192)
        pings.append(sum(len(one.pinged_at) for one in connections) - before)
    assert sum(pings) >= len(sockets)
    assert max(pings) < len(sockets) / 2


async def test_a_peer_that_proves_nothing_is_too_slow_after_two_seconds(socket, connection):
    connection.freeze()
    began = asyncio.get_running_loop().time()
    while socket.deliver({"type": "websocket.send", "text": "x" * 1024}, 1024):
        pass
    bye = {"type": "bye", "code": 4413, "reason": "too slow", "retry": True}
    assert await connection.frame("bye") == bye
    assert await connection.closed() == 4413
    assert connection.closed_at - began == pytest.approx(2)
    await asyncio.sleep(5)
    assert connection.aborted_at - connection.closed_at == pytest.approx(1)


async def test_a_peer_that_does_not_even_read_is_cut_off_without_waiting(socket, connection):
    connection.writable.clear()
    began = asyncio.get_running_loop().time()
    while socket.deliver({"type": "websocket.send", "text": "x" * 1024}, 1024):
        pass
    await connection.served
    assert connection.aborted_at - began == pytest.approx(2)
    assert connection.close_code is None


async def test_answers_go_out_where_events_would_not_up_to_eight_times_the_limit(
    socket, connection
):
    connection.freeze()
    answer = "x" * LIMIT
    for _ in range(8):
        socket.send_text(answer)
    assert not socket.deliver({"type": "websocket.send", "text": "event"}, 5)
    assert not socket.closing
    socket.send_text(answer)
    socket.send_text("one too many")
    assert await connection.closed() == 4413
    assert "one too many" not in connection.texts


async def test_room_waits_for_the_peer(socket, connection):
    socket.deliver({"type": "websocket.send", "text": "x" * LIMIT}, LIMIT)
    await asyncio.wait_for(socket.room(), 1)
    connection.freeze()
    socket.deliver({"type": "websocket.send", "text": "x" * LIMIT}, LIMIT)
    waiting = asyncio.create_task(socket.room())
    await asyncio.sleep(1)
    assert not waiting.done()
    socket.close(CloseCode.DISCONNECTED)
    await asyncio.wait_for(waiting, 1)


ENDED = [
    CloseCode.EXPIRED,
    CloseCode.SIGNED_OUT,
    CloseCode.DISCONNECTED,
    CloseCode.DISCONNECTED_FOR_NOW,
]


@pytest.mark.parametrize("code", ENDED)
async def test_when_a_right_has_ended_nothing_goes_out_that_waits(socket, connection, code):
    connection.writable.clear()
    for number in range(5):
        text = f'{{"type":"event","n":{number}}}'
        socket.deliver({"type": "websocket.send", "text": text}, len(text))
    socket.close(code, reason="Because.")
    connection.writable.set()
    assert await connection.closed() == code
    _, *events, bye = connection.frames
    assert [event["n"] for event in events] == [0]
    assert (bye["type"], bye["reason"]) == ("bye", "Because.")


@pytest.mark.parametrize("code", ENDED)
async def test_a_right_that_ends_while_a_socket_is_sent_away_drops_what_waits(code):
    connection = Connection()
    server_send = connection.send
    connection.send = lambda message: asyncio.ensure_future(server_send(message))
    socket = await open_realtime(connection)
    await settle()
    connection.writable.clear()
    for number in range(5):
        text = f'{{"type":"event","n":{number}}}'
        socket.deliver({"type": "websocket.send", "text": text}, len(text))
        await settle()
    socket.drain(700)
    socket.close(code)
    connection.writable.set()
    assert await connection.closed() == 4412
    *frames, bye = connection.frames
    assert [frame["n"] for frame in frames if frame["type"] == "event"] == [0]
    assert (bye["type"], bye["after"]) == ("bye", 700)


async def test_without_a_reason_of_its_own_a_close_has_the_codes(socket, connection, caplog):
    caplog.set_level(logging.INFO, "realtime")
    socket.close(CloseCode.SIGNED_OUT)
    await connection.closed()
    assert connection.frames[-1]["reason"] == "signed out"
    assert f"closed socket={socket.id} code=4504 reason=signed out" in caplog.messages
