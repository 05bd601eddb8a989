"""The task that keeps a backend informed of a process: together, again after failures, on time."""

import asyncio

import pytest

from realtime.roster.base import ONLINE, Member
from realtime.roster.difference import Difference
from realtime.roster.writer import BATCH, LEASE, RENEW_EVERY, RETRY, Writer
from tests.realtime.roster.contract import users
from tests.realtime.roster.recording import RecordingPresence
from tests.virtual_time import elapsed


@pytest.fixture
def store():
    return RecordingPresence()


@pytest.fixture
def members():
    return Difference()


@pytest.fixture
def heard():
    """What the writer has said, in order."""
    return []


@pytest.fixture
async def writer(store, members, heard):
    async def on_written(changes):
        heard.append(len(changes.joins))

    return Writer(store, members, on_written=on_written, on_failure=lambda: heard.append("failure"))


@pytest.fixture
def join(members, writer):
    def join(*sockets):
        for socket in sockets:
            members.add(Member(socket, ONLINE, f"user {socket}", 1))
        writer.soon()

    return join


async def begin(store):
    await asyncio.sleep(BATCH * 1.5)
    store.writes.clear()
    store.replacements.clear()


async def test_the_first_write_registers_the_process(join, store):
    join("s")
    await asyncio.sleep(BATCH * 1.5)
    assert store.replacements == [["s"]]
    assert users(store) == ["user s"]


async def test_changes_of_a_moment_are_one_write(join, store, members, heard):
    await begin(store)
    join("s")
    await asyncio.sleep(BATCH / 2)
    join("t", "u")
    members.remove("s", ONLINE, 5.0)
    await asyncio.sleep(BATCH)
    ((joined, left),) = store.writes
    assert (sorted(joined), left) == (["t", "u"], ["s"])
    assert heard[-1] == 2


async def test_the_lease_is_renewed_in_time_without_any_change(writer, store):
    await begin(store)
    await asyncio.sleep(10 * RENEW_EVERY)
    assert len(store.writes) == 10
    assert all(write == ([], []) for write in store.writes)
    assert RENEW_EVERY * 2 + RETRY < LEASE


async def test_after_a_failure_all_that_differs_is_written(join, store, members, heard, caplog):
    await begin(store)
    store.is_away = True
    join("s", "t")
    await asyncio.sleep(BATCH * 1.5)
    members.remove("t", ONLINE, 5.0)
    join("u")
    await asyncio.sleep(5 * RETRY)
    assert heard.count("failure") >= 4
    assert caplog.text.count("presence down") == 1
    store.is_away = False
    await asyncio.sleep(RETRY + BATCH * 1.5)
    assert users(store) == ["user s", "user u"]
    assert caplog.text.count("presence up again") == 1


async def test_a_process_whose_lease_was_lost_writes_all_again(join, store, caplog):
    join("s")
    await begin(store)
    store.lose_leases()
    await asyncio.sleep(RENEW_EVERY + BATCH * 2)
    assert store.replacements == [["s"]]
    assert users(store) == ["user s"]
    assert "presence lease lost" in caplog.text


async def test_waiting_for_a_write(join, store, writer):
    await begin(store)
    await writer.written()
    assert elapsed() < BATCH * 2
    join("s")
    await writer.written()
    assert users(store) == ["user s"]
    store.is_away = True
    join("t")
    waiting = asyncio.create_task(writer.written())
    await asyncio.sleep(3 * RETRY)
    assert not waiting.done()
    store.is_away = False
    await waiting
    assert users(store) == ["user s", "user t"]


async def test_a_failure_after_a_write_ends_nothing(store, members, caplog):
    async def on_written(changes):
        raise ConnectionError("away")

    writer = Writer(store, members, on_written=on_written, on_failure=lambda: None)
    for socket in ("s", "t"):
        members.add(Member(socket, ONLINE, f"user {socket}", 1))
        writer.soon()
        await asyncio.sleep(BATCH * 2)
    assert users(store) == ["user s", "user t"]
    assert "presence written, and then failed reason=ConnectionError('away')" in caplog.text
