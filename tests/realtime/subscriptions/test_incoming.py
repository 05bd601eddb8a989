"""What one client sends: the first frame may be the sign-in's, and the end ends everything."""

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


async def test_the_end_ends_what_it_follows_after_what_it_has_asked_for(client, incoming, hub):
    incoming.take(message(SUBSCRIBE))
    await client.socket.finished()
    assert hub.followers("thing.1") == 1
    await incoming.ended(1001)
    assert client.socket.closing
    assert hub.followers("thing.1") == 0
