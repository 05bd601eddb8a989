"""A socket that speaks ``realtime.v1``: its commands, its limits, and what it refuses."""

import asyncio
import logging

import pytest

from realtime.protocol.close_codes import CloseCode
from tests.realtime.sockets.open_sockets import open_realtime

LIMIT = 256 * 1024
"""``MAX_IN_FLIGHT_BYTES``, in bytes."""


class Commands:
    """Runs the commands of a socket, each until it is let go on."""

    def __init__(self):
        self.begun = []
        self.ended = []
        self.cancelled = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, frame):
        self.begun.append(frame["ref"])
        try:
            await self.may_go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.append(frame["ref"])
            raise
        self.ended.append(frame["ref"])


@pytest.fixture
async def commands():
    return Commands()


@pytest.fixture
async def socket(connection, commands):
    return await open_realtime(connection, commands)


def command(ref):
    return {"type": "subscribe", "stream": "me", "ref": ref}


async def test_welcome_names_the_users_own_stream_and_the_log_says_who_came(connection, caplog):
    caplog.set_level(logging.INFO, "realtime")
    socket = await open_realtime(connection)
    assert connection.frames[0]["me"] == "user.42"
    assert socket.user.pk == 42
    assert f"opened socket={socket.id} me=user.42" in caplog.messages
    connection.leave()
    await connection.served
    assert f"disconnected socket={socket.id}" in caplog.messages


async def test_commands_run_one_after_the_other_in_their_order(socket, connection, commands):
    for ref in range(5):
        connection.say(command(ref))
    await asyncio.sleep(0.1)
    assert commands.begun == [0]
    commands.may_go_on.set()
    await asyncio.sleep(0.1)
    assert commands.ended == [0, 1, 2, 3, 4]
    connection.say(command(5))
    await asyncio.sleep(0.1)
    assert commands.ended[-1] == 5


async def test_a_ping_is_answered_while_a_command_runs(socket, connection, commands):
    connection.say(command(0))
    await asyncio.sleep(0.1)
    connection.say({"type": "ping", "nonce": "meanwhile"})
    assert (await connection.frame("pong"))["nonce"] == "meanwhile"
    assert commands.ended == []


@pytest.mark.parametrize("end", ["close", "disconnect"])
async def test_commands_end_with_their_socket(socket, connection, commands, end):
    connection.say(command("runs"))
    connection.say(command("waits"))
    await asyncio.sleep(0.1)
    if end == "close":
        socket.close(CloseCode.DISCONNECTED)
    else:
        connection.leave()
    await asyncio.sleep(0.1)
    commands.may_go_on.set()
    await asyncio.sleep(0.1)
    assert commands.begun == commands.cancelled == ["runs"]


async def test_a_command_may_close_its_socket_and_is_not_cancelled(socket, connection):
    ended = []

    async def closes():
        socket.close(CloseCode.DISCONNECTED)
        await asyncio.sleep(0.1)
        ended.append("closes")

    async def waits():
        ended.append("waits")

    socket.run(closes)
    socket.run(waits)
    assert await connection.closed() == 4506
    await asyncio.sleep(1)
    assert ended == ["closes"]


async def test_a_socket_that_has_ended_runs_nothing(socket, connection, commands):
    socket.close(CloseCode.DISCONNECTED)
    connection.say(command(0))
    socket.run(lambda: commands(command(1)))
    await asyncio.sleep(1)
    assert commands.begun == []


async def test_a_command_that_fails_does_not_keep_the_next_from_running(
    connection, commands, caplog
):
    async def fail(frame):
        if frame["ref"] == "fails":
            raise ZeroDivisionError
        await commands(frame)

    await open_realtime(connection, fail)
    connection.say(command("fails"))
    await asyncio.sleep(0.1)
    connection.say(command("next"))
    await asyncio.sleep(0.1)
    assert commands.begun == ["next"]


async def test_32_commands_may_wait_for_a_slow_one(socket, connection, commands):
    for ref in range(33):  # The first runs.
        connection.say(command(ref))
    await asyncio.sleep(60)
    assert connection.close_code is None
    commands.may_go_on.set()
    await asyncio.sleep(0.1)
    assert commands.ended == list(range(33))


async def test_one_more_ends_the_socket_after_half_a_second(socket, connection, commands):
    connection.say(command(0))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    for ref in range(1, 34):
        connection.say(command(ref))
    assert (await connection.frame("bye"))["code"] == 4429
    assert await connection.closed() == 4429
    assert connection.closed_at - began == pytest.approx(0.5)
    await asyncio.sleep(0.1)
    assert commands.cancelled == [0]


async def test_commands_that_are_carried_out_may_come_in_bursts(connection, settings):
    settings.REALTIME = {"MAX_FRAMES_PER_SECOND": 1000}

    async def slow(frame):
        await asyncio.sleep(0.1)

    await open_realtime(connection, slow)
    for ref in range(250):
        connection.say(command(ref))
    await asyncio.sleep(60)
    assert connection.close_code is None


async def test_257_waiting_commands_are_too_many_for_anyone(socket, connection, settings):
    began = asyncio.get_running_loop().time()
    for _ in range(257):
        socket.run(lambda: asyncio.sleep(0.01))
    assert await connection.closed() == 4429
    assert connection.closed_at == began


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
    socket, connection, commands, frame, error, ref
):
    connection.say(frame)
    answer = await connection.frame("error")
    assert (answer["code"], answer.get("ref")) == (error, ref)
    connection.say(command("next"))
    await asyncio.sleep(0.1)
    assert commands.begun == ["next"]


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
