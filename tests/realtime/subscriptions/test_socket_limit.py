"""How many sockets a user may have in all processes together."""

import asyncio
import logging
import time

import pytest

from realtime.fanout.hub import running_hub
from realtime.layer import control
from realtime.layer.groups import every_hub
from realtime.roster import Member, presence_backend
from realtime.roster.base import ONLINE
from realtime.subscriptions import socket_limit
from realtime.subscriptions.control import running_controls
from realtime.subscriptions.socket_limit import running_socket_limit
from tests.realtime.access.open_socket import OpenSocket as Socket

LONG = 1000.0
"""Seconds of a lease that outlasts a test."""


@pytest.fixture(autouse=True)
def limit(settings, log):
    settings.REALTIME = {**settings.REALTIME, "MAX_SOCKETS_PER_USER": 3}


@pytest.fixture
async def layer(broker):
    running_controls()
    await running_hub()._link._tried.wait()


async def arrive(*sockets):
    for socket in sockets:
        running_socket_limit().arrived(socket.id, socket.login)
    await asyncio.sleep(1)


def elsewhere(pk, *sockets):
    """Have another process write sockets of a user, which were opened before all here."""
    now = int(time.time() * 1000)
    members = [
        Member(socket, ONLINE, str(pk), now - 60_000 + number)
        for number, socket in enumerate(sockets)
    ]
    presence_backend().replace("elsewhere", LONG, members, 0)


@pytest.fixture
async def asked(layer, monkeypatch):
    """What all processes were asked to end."""
    asked = []

    async def note(messages):
        asked.extend(control.control_in(message) for group, message in messages)
        assert {group for group, message in messages} == {every_hub()}

    monkeypatch.setattr(socket_limit, "abroadcast", note)
    return asked


async def test_the_oldest_in_any_process_are_ended(asked):
    elsewhere(1, "oldest", "older", "old")
    await arrive(Socket(1), Socket(1))
    (order,) = asked
    assert (order.users, sorted(order.sockets)) == (("user.1",), ["older", "oldest"])
    assert order.code == 4505


async def test_as_many_as_are_allowed_stay_open(asked):
    elsewhere(1, "old")
    await arrive(Socket(1), Socket(1), Socket(2))
    assert asked == []


async def test_those_of_this_process_are_ended_too_when_another_has_newer_ones(layer):
    mine = [Socket(1) for _ in range(3)]
    await arrive(*mine[:2])
    later = int(time.time() * 1000) + 1
    members = [Member("newer", ONLINE, "1", later), Member("newest", ONLINE, "1", later)]
    presence_backend().replace("elsewhere", LONG, members, 0)
    await arrive(mine[2])
    assert [socket.end for socket in mine].count(4505) == 2


async def test_visitors_are_not_counted(asked):
    await arrive(*(Socket(None, address="203.0.113.7") for _ in range(5)))
    assert asked == []
    assert presence_backend().sockets_of(["None"]) == {"None": []}


async def test_the_log_says_whose_sockets_were_too_many(asked, caplog):
    elsewhere(1, "oldest", "older", "old")
    caplog.set_level(logging.WARNING)
    await arrive(Socket(1))
    said = [message for message in caplog.messages if message.startswith("too many")]
    assert said == ["too many sockets account=user.1 ended=1"]


async def test_without_presence_each_process_counts_its_own(settings, layer):
    settings.REALTIME = {**settings.REALTIME, "PRESENCE": False}
    sockets = [Socket(1) for _ in range(4)]
    await arrive(*sockets)
    assert [socket.end for socket in sockets] == [4505, None, None, None]
