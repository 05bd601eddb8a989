"""The sockets of one process, and how soon the site knows of them."""

import asyncio

import pytest

from realtime.roster import presence_backend
from realtime.roster.base import OpenSocket
from realtime.roster.roster import Roster, running_roster
from realtime.roster.writer import BATCH
from tests.realtime.roster.contract import GRACE, sockets, users

WRITTEN = BATCH * 1.5


@pytest.fixture
def store(settings):
    settings.REALTIME = {**settings.REALTIME, "OFFLINE_AFTER": GRACE}
    return presence_backend()


@pytest.fixture
async def roster(store):
    return Roster()


async def test_a_socket_is_known_within_a_moment_until_it_ends(roster, store):
    roster.arrived("s", "alice")
    roster.arrived("s", "alice", "room.7")
    assert users(store) == []
    await asyncio.sleep(WRITTEN)
    assert users(store) == users(store, "room.7") == ["alice"]
    roster.ended("s")
    await asyncio.sleep(WRITTEN)
    assert sockets(store, "alice") == []
    assert users(store) == users(store, "room.7") == ["alice"], "the grace has begun"


async def test_one_that_was_asked_to_stop_is_gone_immediately(roster, store):
    roster.arrived("s", "alice")
    roster.arrived("s", "alice", "room.7")
    await asyncio.sleep(WRITTEN)
    roster.left("s", "room.7", immediately=True)
    await asyncio.sleep(WRITTEN)
    assert users(store, "room.7") == []
    assert users(store) == ["alice"]


async def test_what_never_arrived_changes_nothing(roster, store):
    roster.ended("s")
    roster.left("s", "room.7")
    await asyncio.sleep(WRITTEN)
    assert users(store) == []
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing runs without a socket"


async def test_the_state_is_read_after_it_was_asked_for(roster, store):
    roster.arrived("s", "alice", "room.7")
    await asyncio.sleep(WRITTEN)
    first, second, other = await asyncio.gather(
        roster.state("room.7"), roster.state("room.7"), roster.state("room.8")
    )
    assert [one.user for one in first] == [one.user for one in second] == ["alice"]
    assert other == []


async def test_who_counts_a_users_sockets_gets_them_after_each_write(roster):
    counted = []
    roster.watch(counted.append)
    roster.arrived("s", "alice")
    roster.arrived("t", "alice")
    roster.arrived("s", "alice", "room.7")
    await asyncio.sleep(WRITTEN)
    ((found),) = counted
    assert {one.socket for one in found["alice"]} == {"s", "t"}
    assert all(isinstance(one, OpenSocket) for one in found["alice"])
    roster.left("s", "room.7")
    await asyncio.sleep(WRITTEN)
    assert len(counted) == 1


async def test_counting_that_fails_ends_no_writing(roster, store, caplog):
    def fails(found):
        raise ZeroDivisionError

    roster.watch(fails)
    roster.arrived("s", "alice")
    await asyncio.sleep(WRITTEN)
    assert "sockets not counted users=1" in caplog.text
    roster.arrived("t", "bob")
    await asyncio.sleep(WRITTEN)
    assert users(store) == ["alice", "bob"]


async def test_where_presence_is_off_nothing_is_noted(settings):
    settings.REALTIME = {**settings.REALTIME, "PRESENCE": False}
    roster = Roster()
    roster.arrived("s", "alice")
    roster.ended("s")
    await asyncio.sleep(WRITTEN)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert list(await roster.state("room.7")) == []


async def test_a_loop_has_one_roster():
    assert running_roster() is running_roster()
