"""The task that does what is due, soon after a change and regularly."""

import asyncio

import pytest

from realtime.concurrency.threads import nonblocking
from realtime.roster import sweeper as module
from realtime.roster.base import ONLINE, Swept
from realtime.roster.sweeper import PATIENCE, SWEEP_EVERY, Sweeper
from tests.realtime.roster.contract import Process
from tests.realtime.roster.recording import RecordingPresence
from tests.virtual_time import elapsed, settle


@pytest.fixture
def store():
    return RecordingPresence()


@pytest.fixture
def announcements(monkeypatch):
    """When it was asked to announce what waits."""
    found = []

    @nonblocking
    def announce_pending(backend):
        found.append(elapsed())
        for notice in backend.pending():
            backend.deliver(notice, lambda notice: None)

    monkeypatch.setattr(module, "announce_pending", announce_pending)
    return found


@pytest.fixture
async def sweeper(store, announcements):
    return Sweeper(store)


async def test_it_sweeps_regularly_for_others(sweeper, store):
    await asyncio.sleep(10 * SWEEP_EVERY)
    assert 10 <= store.sweeps <= 21


async def test_it_sweeps_soon_when_something_was_written(sweeper, store, announcements):
    process = Process(store, "p")
    await settle()
    process.join("s", "alice", ONLINE, "room.7")
    sweeper.soon()
    await settle()
    assert store.sweeps == 1
    assert len(announcements) == 1
    assert store.pending() == []


async def test_nothing_is_announced_where_nothing_has_changed(sweeper, announcements):
    await asyncio.sleep(3 * SWEEP_EVERY)
    assert announcements == []


async def test_it_sweeps_when_somebody_may_have_left(sweeper, store, monkeypatch):
    times = []

    @nonblocking
    def sweep(self, grace, notice_users):
        times.append(elapsed())
        return Swept(False, 0.5)

    monkeypatch.setattr(RecordingPresence, "sweep", sweep)
    sweeper.soon()
    await asyncio.sleep(1.4)
    assert times == pytest.approx([0.0, 0.55, 1.1], abs=0.05)


async def test_after_an_outage_others_may_renew_their_leases_first(sweeper, store, caplog):
    store.is_away = True
    sweeper.soon()
    await settle()
    assert "presence not swept" in caplog.text
    store.is_away = False
    sweeper.soon()
    await asyncio.sleep(PATIENCE - 0.1)
    assert store.sweeps == 0
    await asyncio.sleep(0.2)
    assert store.sweeps == 1


async def test_a_write_that_fails_holds_the_sweeps_too(sweeper, store):
    sweeper.hold()
    sweeper.soon()
    await asyncio.sleep(PATIENCE - 0.1)
    assert store.sweeps == 0


async def test_sweeps_go_on_while_receivers_take_long(sweeper, store, monkeypatch):
    async def announce_pending(backend):
        await asyncio.sleep(1000)

    monkeypatch.setattr(module, "announce_pending", announce_pending)
    Process(store, "p").join("s", "alice", "room.7")
    await asyncio.sleep(10 * SWEEP_EVERY)
    assert store.sweeps >= 10
