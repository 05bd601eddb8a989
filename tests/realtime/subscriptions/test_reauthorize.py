"""Whose rights are asked for again when a message about rights comes."""

import asyncio
from types import SimpleNamespace

import pytest

from realtime.access.login import Login
from realtime.access.user_sockets import user_sockets
from realtime.fanout.hub import running_hub
from realtime.layer.broadcast import abroadcast
from realtime.layer.control import Reauthorize, Recheck, control_messages
from realtime.subscriptions.commands import Commands
from realtime.subscriptions.control import running_controls
from tests.realtime.subscriptions.client import Client, Thing
from tests.virtual_time import settle


@pytest.fixture
async def followers(log, broker, monkeypatch):
    """Three sockets, two of user 3, who follow two streams; nobody may follow these any more."""
    running_controls()
    await running_hub()._link._tried.wait()
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
