"""The commands of a socket that speaks ``realtime.v1``: their order, their end, their number."""

import asyncio
import json

import pytest

from realtime.protocol.close_codes import CloseCode
from realtime.sockets.realtime_socket import RealtimeSocket
from tests.realtime.sockets.open_sockets import open_realtime


class Commands:
    """Runs the commands of a socket, each of which waits for ``may_go_on``."""

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


def message(ref, size=1):
    return {"type": "send", "stream": "me", "name": "n", "data": "x" * size, "ref": ref}


@pytest.mark.parametrize("end", ["close", "disconnect"])
@pytest.mark.parametrize("size", [1, 10_000])
async def test_messages_that_have_come_are_handed_on_in_order_after_the_end(
    socket, connection, commands, end, size
):
    for ref in range(5):
        connection.say(message(ref, size))
    await asyncio.sleep(0.1)
    if end == "close":
        socket.close(CloseCode.RESTARTING)
    else:
        connection.leave()
    await asyncio.sleep(0.1)
    assert (commands.begun, commands.ended) == ([0], [])
    commands.may_go_on.set()
    await socket.finished()
    assert commands.ended == [0, 1, 2, 3, 4]
    assert commands.cancelled == []


async def test_only_messages_are_finished_and_a_subscribe_before_them_is_broken_off(
    socket, connection, commands
):
    for frame in (command("runs"), message(1), command("waits"), message(2)):
        connection.say(frame)
    padded = {**command("large"), "padding": "x" * 2000}
    connection.say(padded)
    await asyncio.sleep(0.1)
    connection.leave()
    commands.may_go_on.set()
    await asyncio.sleep(0.1)
    assert commands.cancelled == ["runs"]
    assert commands.ended == [1, 2]


async def test_messages_that_are_not_done_in_five_seconds_are_broken_off_and_logged(
    socket, connection, commands, caplog
):
    for ref in range(3):
        connection.say(message(ref))
    await asyncio.sleep(0.1)
    connection.leave()
    await asyncio.sleep(4.9)
    assert commands.cancelled == []
    await asyncio.sleep(0.2)
    commands.may_go_on.set()
    await asyncio.sleep(60)
    assert (commands.begun, commands.cancelled, commands.ended) == ([0], [0], [])
    assert f"broken off socket={socket.id} commands=3" in caplog.messages


async def test_a_client_that_sends_too_much_has_only_its_present_message_finished(
    socket, connection, commands
):
    connection.say(message(0))
    await asyncio.sleep(0.1)
    for ref in range(1, 34):
        connection.say(message(ref))
    assert await connection.closed() == 4429
    commands.may_go_on.set()
    await asyncio.sleep(60)
    assert commands.ended == [0]


async def test_a_visitors_messages_are_dropped(connection, commands):
    socket = RealtimeSocket(connection.send)
    may_end = asyncio.Event()

    async def sign_in():
        await may_end.wait()
        socket.close(CloseCode.NOT_SIGNED_IN)

    socket.run(sign_in)
    socket.received(json.dumps(message(1)), commands)
    may_end.set()
    await connection.closed()
    await asyncio.sleep(60)
    assert commands.begun == []


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
