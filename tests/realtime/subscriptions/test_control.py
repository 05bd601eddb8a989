"""Messages about rights end the sockets that they are about, and no others."""

import asyncio
import uuid
from types import SimpleNamespace

import pytest

from realtime.access.login import Login, session_digest
from realtime.access.user_sockets import user_sockets
from realtime.fanout.hub import running_hub
from realtime.layer.broadcast import abroadcast
from realtime.layer.control import (
    Disconnect,
    EndSessions,
    Reauthorize,
    Recheck,
    control_messages,
)
from realtime.protocol.close_codes import CloseCode
from realtime.subscriptions.commands import Commands
from realtime.subscriptions.control import running_controls
from tests.realtime.subscriptions.client import Client, Thing
from tests.virtual_time import settle


class Socket:
    """What a process has of a signed-in socket."""

    def __init__(self, pk, session_key=None):
        self.id = uuid.uuid4().hex[:12]
        self.login = Login(SimpleNamespace(pk=pk), session_key)
        self.end = None
        user_sockets().add(self)

    def close(self, code, reason=""):
        self.end = self.end or (code, reason)


@pytest.fixture
async def sockets(log, broker):
    running_controls()
    await running_hub()._link._tried.wait()
    return [Socket(1, "a"), Socket(1, "b"), Socket(2, "c")]


async def ends_after(sockets, control):
    """Send a control over the layer; return how each socket ended."""
    await abroadcast(control_messages(control))
    await settle()
    return [socket.end for socket in sockets]


async def test_a_session_that_is_over_ends_its_sockets(sockets):
    ends = await ends_after(sockets, EndSessions((session_digest("a"), session_digest("z"))))
    assert ends == [(CloseCode.SIGNED_OUT, ""), None, None]


async def test_a_user_is_disconnected_with_a_reason(sockets):
    end = (CloseCode.DISCONNECTED, "Closing time.")
    assert await ends_after(sockets, Disconnect(("user.1",), reason="Closing time.")) == [
        *(end, end, None)
    ]


async def test_one_socket_is_disconnected(sockets):
    only = Disconnect(sockets=(sockets[2].id, "nobody"), code=CloseCode.DISCONNECTED_FOR_NOW)
    assert await ends_after(sockets, only) == [None, None, (CloseCode.DISCONNECTED_FOR_NOW, "")]


async def test_of_a_user_and_a_socket_both_must_be_right(sockets):
    assert await ends_after(sockets, Disconnect(("user.1",), (sockets[2].id,))) == [None] * 3
    ends = await ends_after(sockets, Disconnect(("user.1",), (sockets[0].id,)))
    assert ends == [(CloseCode.DISCONNECTED, ""), None, None]


@pytest.fixture
async def followers(sockets, monkeypatch):
    """Three sockets, two of user 3, who follow two streams; nobody may follow these any more."""
    clients = []
    for pk in (3, 3, 4):
        client = Client()
        client.socket.login = Login(SimpleNamespace(pk=pk))
        commands = Commands(client.socket, running_hub())
        running_controls().add(client.socket.id, commands)
        user_sockets().add(client.socket)
        for stream in ("thing.1", "thing.2"):
            await commands.run({"type": "subscribe", "stream": stream})
        client.frames.clear()
        clients.append(client)
    monkeypatch.setattr(Thing, "may_follow", False)
    return clients


@pytest.mark.parametrize(
    ("control", "ended"),
    [
        (Reauthorize(), ["12", "12", "12"]),
        (Reauthorize("user.3"), ["12", "12", ""]),
        (Reauthorize(None, "thing.2"), ["2", "2", "2"]),
        (Reauthorize("user.4", "thing.1"), ["", "", "1"]),
        (Reauthorize("user.4", "thing.3"), ["", "", ""]),
        (Reauthorize("user.9"), ["", "", ""]),
        (Recheck(("user.4", "user.9")), ["", "", "12"]),
    ],
)
async def test_rights_are_asked_for_of_those_whom_a_message_names(followers, control, ended):
    await abroadcast(control_messages(control))
    await settle()
    found = ["".join(sorted(one["stream"][-1] for one in client.frames)) for client in followers]
    assert found == ended
    assert {kind for client in followers for kind in client.types} <= {"unsubscribed"}


async def test_a_user_who_changed_is_judged_by_the_present_state(followers):
    login = followers[2].socket.login
    login.verified_at = asyncio.get_running_loop().time()
    await asyncio.sleep(0.1)
    assert login.is_fresh(asyncio.get_running_loop().time())
    await abroadcast(control_messages(Recheck(("user.4",))))
    await settle()
    assert not login.is_fresh(asyncio.get_running_loop().time())
