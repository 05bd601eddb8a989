"""Messages about rights end the sockets that they are about, and no others."""

import uuid
from types import SimpleNamespace

import pytest

from realtime.access.login import Login, session_digest
from realtime.access.user_sockets import user_sockets
from realtime.fanout.hub import running_hub
from realtime.layer.broadcast import abroadcast
from realtime.layer.control import Disconnect, EndSessions, control_messages
from realtime.protocol.close_codes import CloseCode
from realtime.subscriptions.control import running_controls
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
