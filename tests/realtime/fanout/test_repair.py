"""The background task that brings a feed to where the log is; the feed and the log are real."""

import asyncio
import gc

import pytest

from realtime.fanout.feed import Feed
from realtime.fanout.log_reader import PAGE_SIZE, LogReader
from realtime.fanout.repair import Repair
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.realtime.layer.virtual_time import elapsed

STREAM = "user.1"


@pytest.fixture
def reader(log):
    return LogReader(log)


@pytest.fixture
async def feed(reader):
    feed = Feed(STREAM, reader)
    await feed.catch_up()
    return feed


@pytest.fixture
def follower(feed):
    follower = RecordingFollower()
    feed.followers.add(follower)
    feed.followers.go_live(follower)
    return follower


@pytest.fixture
def repair(feed, reader):
    return Repair(feed, reader)


async def test_it_reads_what_is_missing_after_a_while(feed, log, follower, repair):
    log.write(STREAM, 1, 2)
    repair.read_missing(wait=3, check_first=True)
    await asyncio.sleep(2.9)
    assert follower.got == []
    await repair.finished()
    assert elapsed() == pytest.approx(3)
    await feed.catch_up()
    assert follower.got == [1, 2]


async def test_what_has_come_meanwhile_is_not_read(feed, log, follower, repair):
    events = log.write(STREAM, 1, 2)
    repair.read_missing(wait=3)
    for event in events:
        feed.take(event)
    await repair.finished()
    assert follower.got == [1, 2]
    assert log.asked("read") == []


async def test_it_reads_page_after_page(feed, log, follower, repair):
    log.write(STREAM, *range(PAGE_SIZE + 1))
    await feed.check_log()
    await feed.catch_up()
    assert feed.position.offset == PAGE_SIZE + 1
    assert len(log.asked("read")) == 2


async def test_only_one_piece_of_work_is_under_way(log, repair):
    for _ in range(3):
        repair.read_missing(wait=1, check_first=True)
        repair.begin_epoch()
    await repair.finished()
    assert len(log.asked("positions")) == 2  # One of them opened the feed.
    assert log.asked("new_epoch") == []


async def test_what_is_lost_resets_the_feed(feed, log, follower):
    log.write(STREAM, 1, 2, 3)
    log.lose(STREAM, 2)
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [1, "reset"]
    assert feed.position.offset == 3


async def test_a_replica_that_lags_is_read_again_at_the_next_check(feed, log, follower):
    log.last_read[STREAM] = 0
    log.write(STREAM, 1)
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [] and feed.has_hole
    del log.last_read[STREAM]
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [1] and not feed.has_hole


async def test_a_failing_log_is_logged_and_the_next_check_mends(feed, log, follower, caplog):
    _, second = log.write(STREAM, 1, 2)
    log.error = ConnectionError("away")
    feed.take(second)
    await asyncio.sleep(1)
    assert "log not read stream=user.1 error=ConnectionError('away')" in caplog.text
    log.error = None
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [1, 2]


async def test_a_new_epoch_begins_and_is_said(feed, log, follower, repair, caplog):
    old = feed.position
    repair.begin_epoch()
    await repair.finished()
    assert feed.position.epoch != old.epoch
    assert follower.got == ["reset"]
    assert f"log went back stream=user.1 from={old}" in caplog.text


async def test_an_epoch_that_is_over_already_is_left_alone(feed, log, follower, repair):
    log.write(STREAM, 1)
    await feed.check_log()
    old = feed.position
    log.forget(STREAM)
    await feed.check_log()
    new = feed.position
    await repair.begin_epoch_now(old.epoch)
    assert feed.position == new
    assert follower.got == ["reset"]


async def test_it_can_be_stopped_before_it_begins(feed, reader, log, recwarn):
    repair = Repair(feed, reader)
    repair.read_missing(wait=0, check_first=True)
    repair.cancel()
    await asyncio.sleep(1)
    assert len(log.asked("positions")) == 1  # It opened the feed.
    del repair
    gc.collect()  # Python warns then of a coroutine that was never awaited.
    assert not recwarn.list


async def test_without_a_log_there_is_nothing_to_read():
    feed = Feed(STREAM, None)
    repair = Repair(feed, None)
    repair.read_missing(wait=0)
    repair.begin_epoch()
    await repair.finished()
    assert elapsed() == 0
