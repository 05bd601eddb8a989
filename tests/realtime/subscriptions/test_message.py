"""A message that has waited for a thread begins only if its user still may send it."""

import asyncio

import pytest

from realtime.access.login import FRESH
from realtime.exceptions import FrameError, SignedOut
from realtime.subscriptions import message
from realtime.subscriptions.message import carry_out
from tests.realtime.subscriptions.client import Thing


@pytest.fixture
def asked(monkeypatch):
    """How often the stores were asked for the user."""
    asked = []

    async def current_user(login):
        asked.append(login)
        return f"user {len(asked)}"

    monkeypatch.setattr(message, "current_user", current_user)
    return asked


@pytest.fixture
def taken(monkeypatch):
    """Those for whom the stream received something."""
    taken = []
    monkeypatch.setattr(Thing, "receive", lambda self, user, name, data: taken.append(user))
    return taken


@pytest.fixture
def busy(monkeypatch):
    """Have threads be free after so many seconds, one after the other, and then immediately."""
    waits = []

    async def run_message(user, begin_within, may_begin, function, *args):
        seconds = waits.pop(0) if waits else 0.0
        await asyncio.sleep(min(seconds, begin_within))
        if seconds >= begin_within:
            raise TimeoutError
        may_begin()
        return function(*args)

    monkeypatch.setattr(message, "run_message", run_message)
    return waits


@pytest.fixture
async def login(client):
    return client.socket.login


def follows():
    return Thing("thing.1")


async def test_one_that_waited_for_a_moment_begins(login, asked, taken, busy):
    busy.append(FRESH / 2)
    await carry_out(login, follows, "n", None)
    assert taken == ["user 1"]


async def test_after_more_than_that_the_user_is_asked_for_again(login, asked, taken, busy):
    busy += [FRESH + 0.1, FRESH + 0.1]
    await carry_out(login, follows, "n", None)
    assert taken == ["user 3"]


async def test_so_is_one_who_is_in_doubt(login, asked, taken, busy):
    busy.append(FRESH / 2)
    now = asyncio.get_running_loop().time()
    asyncio.get_running_loop().call_later(0.1, login.doubt, now + 0.1)
    await carry_out(login, follows, "n", None)
    assert taken == ["user 2"]


async def test_of_who_was_signed_out_meanwhile_nothing_is_done(login, asked, taken, busy):
    busy.append(FRESH / 2)
    asyncio.get_running_loop().call_later(0.1, login.end)
    with pytest.raises(SignedOut):
        await carry_out(login, follows, "n", None)
    assert taken == []


async def test_nor_of_who_follows_no_more(login, asked, taken, busy):
    busy.append(FRESH / 2)
    ends_at = asyncio.get_running_loop().time() + 0.1

    def followed():
        if asyncio.get_running_loop().time() >= ends_at:
            raise FrameError("not_subscribed", "")
        return Thing("thing.1")

    with pytest.raises(FrameError):
        await carry_out(login, followed, "n", None)
    assert taken == []


async def test_asking_again_gives_it_no_more_time(login, asked, taken, busy):
    busy += [4.0, 4.0]
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await carry_out(login, follows, "n", None)
    assert asyncio.get_running_loop().time() - began == pytest.approx(7)
    assert taken == []
