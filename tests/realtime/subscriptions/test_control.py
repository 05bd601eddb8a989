"""Messages about rights end the sockets that they are about, and no others."""

import asyncio

import pytest

from realtime.access.login import session_digest
from realtime.fanout.hub import running_hub
from realtime.layer.broadcast import abroadcast
from realtime.layer.control import Disconnect, EndSessions, Reauthorize, Recheck, control_messages
from realtime.layer.link import ANSWER_WITHIN, PROBE_INTERVAL, RETRY_AFTER
from realtime.protocol.close_codes import CloseCode
from realtime.subscriptions.control import running_controls
from tests.realtime.access.open_socket import OpenSocket as Socket
from tests.virtual_time import settle


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
    assert ends == [4504, None, None]


async def test_a_user_is_disconnected_with_a_reason(sockets):
    ends = await ends_after(sockets, Disconnect(("user.1",), reason="Closing time."))
    assert ends == [4506, 4506, None]
    assert sockets[0].reason == "Closing time."


async def test_one_socket_is_disconnected(sockets):
    only = Disconnect(sockets=(sockets[2].id, "nobody"), code=CloseCode.DISCONNECTED_FOR_NOW)
    assert await ends_after(sockets, only) == [None, None, 4406]


async def test_of_a_user_and_a_socket_both_must_be_right(sockets):
    assert await ends_after(sockets, Disconnect(("user.1",), (sockets[2].id,))) == [None] * 3
    ends = await ends_after(sockets, Disconnect(("user.1",), (sockets[0].id,)))
    assert ends == [4506, None, None]


@pytest.fixture
async def rechecked(monkeypatch):
    """The users whom a check was asked for."""
    rechecked = []
    monkeypatch.setattr(running_controls()._recheck, "soon", rechecked.extend)
    return rechecked


async def test_a_changed_user_is_checked(sockets, rechecked):
    assert await ends_after(sockets, Recheck(("user.1", "user.9"))) == [None] * 3
    assert rechecked == ["user.1", "user.9"]


async def test_a_session_that_ended_during_the_sign_in_ends_the_socket(sockets):
    await ends_after(sockets, EndSessions((session_digest("late"),)))
    late, other = Socket(3, "late"), Socket(3, "other")
    for socket in (late, other):
        running_controls().signed_in(socket)
    assert (late.end, other.end) == (4504, None)


async def test_a_ticket_of_a_session_that_ended_before_it_was_used_ends_the_socket(sockets):
    await ends_after(sockets, EndSessions((session_digest("over"),)))
    await asyncio.sleep(100)
    now = asyncio.get_running_loop().time()
    late, other = (
        Socket(3, digest=session_digest(key), verified_at=now) for key in ("over", "other")
    )
    for socket in (late, other):
        running_controls().signed_in(socket)
    assert (late.end, other.end) == (4504, None)


async def test_a_user_who_changed_during_the_sign_in_is_checked_after_it(sockets, rechecked):
    before = asyncio.get_running_loop().time()
    await asyncio.sleep(1)
    await ends_after(sockets, Recheck(("user.3",)))
    rechecked.clear()
    await asyncio.sleep(1)
    running_controls().signed_in(Socket(3, verified_at=before))
    assert rechecked == ["user.3"]
    rechecked.clear()
    running_controls().signed_in(Socket(3, verified_at=asyncio.get_running_loop().time()))
    running_controls().signed_in(Socket(4, verified_at=before))
    assert rechecked == []


@pytest.mark.parametrize("control", [Reauthorize("user.3"), Reauthorize(stream="room.7")])
async def test_a_user_whose_rights_changed_during_the_sign_in_is_read_again(sockets, control):
    now = asyncio.get_running_loop().time
    before = now()
    await ends_after(sockets, control)
    late, later = Socket(3, verified_at=before), Socket(3, verified_at=now() + 0.1)
    for socket in (late, later):
        running_controls().signed_in(socket)
    await asyncio.sleep(0.1)
    assert (late.login.is_fresh(now()), later.login.is_fresh(now())) == (False, True)


async def test_when_the_layer_was_away_all_are_checked(sockets, rechecked, broker):
    broker.layers[-1].is_deaf = True
    await asyncio.sleep(PROBE_INTERVAL + ANSWER_WITHIN + RETRY_AFTER + 1)
    assert sorted(rechecked) == ["user.1", "user.2"]
