"""A socket ends when the right of its login ends."""

import asyncio
from types import SimpleNamespace

import pytest

from realtime.access import expiry
from realtime.access.expiry import Expiries
from realtime.access.login import Login
from tests import virtual_time
from tests.virtual_time import elapsed


class Socket:
    def __init__(self, expires):
        self.login = Login(SimpleNamespace(pk=1), expires=expires)
        self.closed = []

    def close(self, code):
        self.closed.append((int(code), round(elapsed())))


@pytest.fixture(autouse=True)
def late(monkeypatch):
    """The wall's clock stood at 1000 when the test began, and goes with the loop's.

    Returns by how many seconds it was set back since.
    """
    late = [0.0]
    monkeypatch.setattr(expiry.time, "time", lambda: 1000 + elapsed() - late[0])
    return late


def test_it_is_closed_at_that_time():
    async def run():
        expiries, soon, later = Expiries(), Socket(1060), Socket(1000 + 3 * 86400)
        expiries.add(soon)
        expiries.add(later)
        await asyncio.sleep(59)
        assert soon.closed == []
        await asyncio.sleep(4 * 86400)
        assert soon.closed == [(4401, 60)]
        assert soon.login.has_ended
        assert later.closed == [(4401, 3 * 86400)]

    virtual_time.run(run())


def test_a_socket_that_has_ended_or_has_no_end_is_left_alone():
    async def run():
        expiries, ended, endless = Expiries(), Socket(1060), Socket(None)
        for socket in (ended, endless):
            expiries.add(socket)
        for socket in (ended, endless, Socket(1)):
            expiries.remove(socket)
        await asyncio.sleep(100)
        assert ended.closed == endless.closed == []

    virtual_time.run(run())


def test_a_clock_that_is_set_back_moves_the_end(late):
    async def run():
        expiries, socket = Expiries(), Socket(1060)
        expiries.add(socket)
        late[0] = 30.0
        await asyncio.sleep(61)
        assert socket.closed == []
        await asyncio.sleep(30)
        assert socket.closed == [(4401, 90)]

    virtual_time.run(run())
