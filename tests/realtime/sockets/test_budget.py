"""What a user may send and be answered with: bytes, for all sockets of the user together."""

import asyncio
import json

import pytest

from realtime.access.user_sockets import UserSockets
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import open_realtime

PER_SECOND = 2 * 1024 * 1024
"""``MAX_BYTES_PER_SECOND``; twice as many may come together."""

WINDOW = 16
"""Commands without an answer that the client of this project has at a time."""


class Client:
    """A client that sends so many commands, never more than ``WINDOW`` without an answer."""

    def __init__(self, connection, frames):
        self.connection = connection
        self.frames = frames
        self.unanswered = 0

    async def run(self):
        """Send all, wait for all answers, and return the seconds that it took."""
        began = asyncio.get_running_loop().time()
        for frame in self.frames:
            while self.unanswered == WINDOW:
                await self.answer()
            self.connection.say(frame)
            self.unanswered += 1
        while self.unanswered:
            await self.answer()
        return asyncio.get_running_loop().time() - began

    async def answer(self):
        await self.connection.frame("reply")
        self.unanswered -= 1


async def answering(connection, size):
    """Return a socket that answers each command with so many bytes."""

    async def answer(frame):
        socket.send_text(json.dumps({"type": "reply", "data": "x" * size}))

    socket = await open_realtime(connection, answer)
    return socket


def subscribes(count):
    return [{"type": "subscribe", "stream": f"room.{n}", "ref": n} for n in range(count)]


def messages(count, size):
    data = "x" * size
    return [{"type": "send", "stream": "s", "name": "n", "data": data} for _ in range(count)]


async def test_a_client_that_comes_back_to_a_hundred_streams_waits_for_nothing(connection):
    await answering(connection, 20_000)
    assert await Client(connection, subscribes(100)).run() < 0.1
    assert connection.close_code is None


async def test_a_client_that_uploads_is_slowed_down_and_not_closed(connection):
    await answering(connection, 10)
    seconds = await Client(connection, messages(200, 60_000)).run()
    assert seconds == pytest.approx(12_000_000 / PER_SECOND - 2, rel=0.1)
    assert connection.close_code is None


async def test_a_loop_of_small_commands_with_large_answers_has_what_it_may_have(connection):
    await answering(connection, 200_000)
    seconds = await Client(connection, subscribes(60)).run()
    assert seconds == pytest.approx(12_000_000 / PER_SECOND - 2, rel=0.1)


async def test_a_ping_is_answered_meanwhile(connection):
    socket = await answering(connection, 10 * PER_SECOND)
    connection.say(subscribes(1)[0])
    await connection.frame("reply")
    began = asyncio.get_running_loop().time()
    connection.say({"type": "ping", "nonce": "meanwhile"})
    await connection.frame("pong")
    assert asyncio.get_running_loop().time() == began
    assert not socket.closing


async def test_a_replay_waits_like_an_answer(connection):
    socket = await answering(connection, 10)
    began = asyncio.get_running_loop().time()
    for _ in range(60):
        await socket.room()
        socket.send_text("x" * 200_000)
    seconds = asyncio.get_running_loop().time() - began
    assert seconds == pytest.approx(12_000_000 / PER_SECOND - 2, rel=0.1)


async def test_events_that_others_publish_cost_nothing(connection):
    socket = await answering(connection, 10)
    for _ in range(1000):
        assert socket.deliver({"type": "websocket.send", "text": "x" * 60_000}, 60_000)
        await asyncio.sleep(0.001)
    assert await Client(connection, subscribes(1)).run() == 0


async def test_the_sockets_of_a_user_share_what_the_user_may_have():
    sockets = UserSockets()
    connections = [Connection() for _ in range(4)]
    for connection in connections:
        sockets.add(await answering(connection, 200_000))
    clients = [Client(connection, subscribes(15)) for connection in connections]
    seconds = max(await asyncio.gather(*(client.run() for client in clients)))
    assert seconds == pytest.approx(12_000_000 / PER_SECOND - 2, rel=0.1)


async def test_who_connects_again_has_no_more():
    sockets = UserSockets()
    began = asyncio.get_running_loop().time()
    for _ in range(60):
        connection = Connection()
        socket = await answering(connection, 200_000)
        sockets.add(socket)
        await Client(connection, subscribes(1)).run()
        connection.leave()
        await connection.served
        sockets.remove(socket)
    seconds = asyncio.get_running_loop().time() - began
    assert seconds == pytest.approx(12_000_000 / PER_SECOND - 2, rel=0.1)


async def test_large_frames_are_parsed_when_their_turn_comes_and_others_run_in_between(
    connection,
):
    order = []

    async def note(frame):
        order.append("message")

    await open_realtime(connection, note)
    for frame in messages(5, 60_000):
        connection.say(frame)
    for _ in range(20):
        await asyncio.sleep(0)
        order.append("others")
    assert order.count("message") == 5
    first, last = order.index("message"), len(order) - order[::-1].index("message")
    assert order[first:last].count("others") >= 3


async def test_a_frame_of_a_stranger_is_not_parsed_before_it_is_known_who_it_is(connection):
    """A large one of wrong form gets its error only then."""
    socket = await open_realtime(connection)
    may_end = asyncio.Event()
    socket.run(may_end.wait)
    connection.say("x" * 10_000)
    connection.say({"type": "ping", "nonce": "behind it"})
    await connection.frame("pong")
    assert [frame["type"] for frame in connection.frames].count("error") == 0
    may_end.set()
    assert (await connection.frame("error"))["code"] == "bad_frame"
