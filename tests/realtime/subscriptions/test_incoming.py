"""What one client sends: the first frame may be the sign-in's, and the end ends everything."""

import asyncio
import json

import pytest

from realtime.access.first_frame import FirstFrame
from realtime.subscriptions.commands import Commands
from realtime.subscriptions.incoming import Incoming

TICKET = {"type": "authenticate", "ticket": "t" * 40}
SUBSCRIBE = {"type": "subscribe", "ref": 1, "stream": "thing.1"}


@pytest.fixture
async def first_frame():
    return FirstFrame()


@pytest.fixture
def commands(client, hub):
    return Commands(client.socket, hub)


@pytest.fixture
def incoming(client, commands, first_frame):
    return Incoming(client.socket, commands, first_frame)


def message(frame):
    return {"type": "websocket.receive", "text": json.dumps(frame)}


def receiving(*messages):
    left = list(messages)

    async def receive():
        if isinstance(left[0], BaseException):
            raise left[0]
        return left.pop(0)

    return receive


async def answered(client):
    await client.socket.finished()
    return client.types


async def test_a_ticket_in_the_first_frame_is_the_sign_ins(client, incoming, first_frame):
    incoming.take(message(TICKET))
    incoming.take(message(SUBSCRIBE))
    assert first_frame.ticket == TICKET["ticket"]
    assert await answered(client) == ["subscribed"]


async def test_a_ticket_in_a_later_frame_is_a_command_like_any_other(client, incoming, first_frame):
    incoming.take(message(SUBSCRIBE))
    incoming.take(message(TICKET))
    assert first_frame.ticket is None
    assert await answered(client) == ["subscribed", "error"]


@pytest.mark.parametrize(
    "end", [{"type": "websocket.disconnect", "code": 1001}, OSError()], ids=["code", "broken"]
)
async def test_it_ends_with_the_connection(client, incoming, hub, end):
    await incoming.run(receiving(message(SUBSCRIBE), end))
    assert client.socket.closing
    assert hub.followers("thing.1") == 0


async def test_an_application_that_its_server_cancels_says_so(client, incoming):
    with pytest.raises(asyncio.CancelledError):
        await incoming.run(receiving(asyncio.CancelledError()))
    assert client.code == 4412
