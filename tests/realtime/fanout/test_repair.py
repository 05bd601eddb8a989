"""The background task that brings a feed to where the log is; the feed and the log are real."""

import asyncio
import gc
import json
from dataclasses import replace

import pytest

from realtime.counters import HOLES_REPAIRED
from realtime.fanout.feed import Feed
from realtime.fanout.log_reader import PAGE_SIZE, LogReader
from realtime.fanout.repair import Repair
from realtime.protocol.position import Position
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.virtual_time import elapsed

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
    assert HOLES_REPAIRED.read() == {}


async def test_it_reads_page_after_page(feed, log, follower, repair):
    log.write(STREAM, *range(PAGE_SIZE + 1))
    await feed.check_log()
    await feed.catch_up()
    assert feed.position.offset == PAGE_SIZE + 1
    assert len(log.asked("read")) == 2
    assert HOLES_REPAIRED.read() == {"": 1}


async def test_only_one_piece_of_work_is_under_way(log, repair):
    for _ in range(3):
        repair.read_missing(wait=1, check_first=True)
    await repair.finished()
    assert len(log.asked("positions")) == 2  # One of them opened the feed.


async def test_what_is_lost_resets_the_feed(feed, log, follower):
    log.write(STREAM, 1, 2, 3)
    log.lose(STREAM, 2)
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [1, "reset"]
    assert feed.position.offset == 3


async def test_a_replica_that_lags_is_read_again_at_the_next_check(feed, log, follower, caplog):
    log.last_read[STREAM] = 0
    log.write(STREAM, 1)
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [] and not feed.has_hole
    del log.last_read[STREAM]
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [1] and not feed.has_hole
    assert "log not read" not in caplog.text


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
    await repair.begin_epoch(old)
    assert feed.position.epoch != old.epoch
    assert follower.got == ["reset"]
    assert f"log went back stream=user.1 from={old}" in caplog.text


async def test_an_epoch_goes_on_where_the_log_has_come_as_far_as_the_feed(feed, log, follower):
    [event] = log.write(STREAM, 1)
    feed.take(event)
    lagging = feed.position._replace(offset=0)
    await feed.check(feed.position, lagging)
    assert feed.position == (event.epoch, 1)
    assert follower.got == [1]


async def test_two_events_with_one_offset_are_compared_with_the_log(feed, log, follower, caplog):
    [event] = log.write(STREAM, 1)
    feed.take(event)
    feed.take(replace(event, id="untrue"))
    await feed.catch_up()
    assert feed.position == (event.epoch, 1) and follower.got == [1]
    assert log.asked("new_epoch") == []


async def test_what_was_handed_out_and_is_not_in_the_log_begins_a_new_epoch(feed, log, follower):
    untrue = replace(log.write("user.2", "untrue")[0], stream=STREAM, epoch=feed.position.epoch)
    feed.take(untrue)
    [event] = log.write(STREAM, 1)
    feed.take(event)
    await feed.catch_up()
    assert follower.got == ["untrue", "reset"]
    assert feed.position.epoch != event.epoch
    [kept] = (await log.read({STREAM: 0}, 10))[STREAM].events
    assert kept.id == event.id


async def test_a_dispute_that_comes_during_other_work_is_settled_after_it(feed, log, follower):
    untrue = replace(log.write("user.2", "untrue")[0], stream=STREAM, epoch=feed.position.epoch)
    feed.take(untrue)
    feed.take(replace(untrue, offset=2**62))  # It begins the other work.
    [event] = log.write(STREAM, 1)
    feed.take(event)
    await asyncio.sleep(1)
    assert follower.got == ["untrue", "reset"]


async def test_a_dispute_that_could_not_be_settled_is_tried_again_by_the_next_check(
    feed, log, follower
):
    untrue = replace(log.write("user.2", "untrue")[0], stream=STREAM, epoch=feed.position.epoch)
    feed.take(untrue)
    [event] = log.write(STREAM, 1)
    log.error = ConnectionError("away")
    feed.take(event)
    await asyncio.sleep(1)
    log.error = None
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == ["untrue", "reset"]


async def test_a_dispute_that_comes_while_another_is_settled_is_settled_too(feed, log, follower):
    [first] = log.write(STREAM, 1)
    feed.take(first)
    feed.take(replace(first, id="untrue"))

    def write_more():
        log.when_answered = lambda: None
        feed.take(replace(first, id="untrue", offset=2))
        [second] = log.write(STREAM, 2)
        feed.take(second)

    log.when_answered = write_more
    await asyncio.sleep(1)
    assert follower.got == [1, 1, "reset"]


async def test_a_far_offset_holds_up_nothing(feed, log, follower, caplog):
    [event] = log.write(STREAM, 1)
    feed.take(event)
    feed.take(replace(event, offset=2**62, id="untrue"))
    assert feed.has_hole
    await asyncio.sleep(1)
    assert not feed.has_hole
    assert feed.position == (event.epoch, 1) and follower.got == [1]
    assert "broadcast not in the log stream=user.1 top=1" in caplog.text


async def test_what_is_broadcast_during_a_read_is_not_forgotten_with_what_is_untrue(
    feed, log, follower
):
    [event] = log.write(STREAM, 1)
    feed.take(event)
    feed.take(replace(event, offset=2**62, id="untrue"))

    def write_more():
        log.when_answered = lambda: None
        _, third = log.write(STREAM, 2, 3)
        feed.take(third)

    log.when_answered = write_more
    await asyncio.sleep(1)
    assert follower.got == [1, 2, 3]


async def test_what_was_read_in_an_epoch_is_not_handed_out_in_the_next(feed, log):
    _, second = log.write(STREAM, "secret 1", "secret 2")
    feed.take(second)

    def erase():
        log.when_answered = lambda: None
        log.forget(STREAM)
        [new] = log.write(STREAM, "new")
        feed.reset(Position(new.epoch, 0))

    log.when_answered = erase
    await asyncio.sleep(1)
    assert feed.position.offset == 0
    await feed.check_log()
    await feed.catch_up()
    [new] = await feed.since(feed.position._replace(offset=0))
    assert json.loads(new.frame)["data"] == "new"


async def test_an_epoch_that_is_over_already_is_left_alone(feed, log, follower, repair):
    log.write(STREAM, 1)
    await feed.check_log()
    old = feed.position
    log.forget(STREAM)
    await feed.check_log()
    new = feed.position
    await repair.begin_epoch(old)
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
    repair.compare(1)
    await repair.finished()
    assert elapsed() == 0
