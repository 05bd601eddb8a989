"""The watch over the log: it checks the feeds, numbers what was left, and prunes what is old."""

import asyncio
import random

import pytest

from realtime.fanout.feed import Feed
from realtime.fanout.log_reader import LogReader
from realtime.fanout.log_watch import ALL_WITHIN, BATCH_SIZE, PRUNE_EVERY, LogWatch
from realtime.layer.groups import group_name
from realtime.layer.reading import events_in
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.realtime.layer.broker import Layer
from tests.virtual_time import settle

POSITION_CHECK = 10.0


class Feeds(dict):
    """What is followed, by name, as the hub knows it."""

    def followed(self):
        return list(self)

    def feed(self, stream):
        return self.get(stream)


@pytest.fixture
def feeds():
    return Feeds()


@pytest.fixture
def to_compare():
    return set()


@pytest.fixture
async def watch(log, feeds, to_compare):
    return LogWatch(log, feeds, to_compare)


@pytest.fixture
def follow(log, feeds, to_compare):
    reader = LogReader(log)

    async def follow(stream):
        feeds[stream] = feed = Feed(stream, reader, to_compare)
        follower = RecordingFollower()
        feed.followers.add(follower)
        await feed.catch_up()
        feed.followers.go_live(follower)
        log.requests.clear()
        return follower

    return follow


async def test_what_was_lost_on_its_way_comes_with_the_next_check(watch, follow, log):
    follower = await follow("user.1")
    log.write("user.1", 1)
    await asyncio.sleep(POSITION_CHECK - 0.1)
    assert follower.got == []
    await asyncio.sleep(0.2)
    assert follower.got == [1]


async def test_a_check_that_is_due_does_not_wait(watch, follow, log):
    follower = await follow("user.1")
    log.write("user.1", 1)
    watch.check_soon()
    await settle()
    assert follower.got == [1]


async def test_all_feeds_cost_one_question_for_each_batch(watch, log, feeds):
    await follow_many(log, feeds, BATCH_SIZE + 1)
    await watch.check()
    assert [len(streams) for streams in log.asked("positions")] == [BATCH_SIZE, 1]


async def test_a_feed_that_is_not_open_yet_is_not_checked(watch, log, feeds):
    feeds["user.1"] = Feed("user.1", LogReader(log))
    await watch.check()
    assert log.asked("positions") == []


async def test_a_feed_that_is_closed_during_a_check_is_passed_over(watch, follow, log, feeds):
    await follow("user.1")
    follower = await follow("user.2")
    log.write("user.2", 2)
    log.answers.clear()
    checking = asyncio.create_task(watch.check())
    await settle()
    del feeds["user.1"]
    log.answers.set()
    await checking
    await settle()
    assert follower.got == [2]


async def test_what_a_dead_publisher_left_is_numbered_and_broadcast(watch, log, broker):
    layer = Layer(broker)
    channel = await layer.new_channel()
    await layer.group_add(group_name("user.1"), channel)
    log.pending = [log.write("user.1", 1), log.write("user.1", 2, 3)]
    watch.check_soon()
    async with asyncio.timeout(1):
        messages = [await layer.receive(channel) for _ in range(2)]
    assert [event.offset for one in messages for event in events_in(one)] == [1, 2, 3]


async def test_a_log_that_is_down_is_said_once_and_again_when_it_is_up(watch, log, follow, caplog):
    follower = await follow("user.1")
    log.error = ConnectionError("away")
    assert watch.is_up is None
    await asyncio.sleep(5 * POSITION_CHECK)
    assert watch.is_up is False
    assert caplog.text.count("event log down reason=ConnectionError('away')") == 1
    assert "up again" not in caplog.text
    log.error = None
    log.write("user.1", 1)
    await asyncio.sleep(5 * POSITION_CHECK)
    assert watch.is_up
    assert caplog.text.count("event log up again") == 1
    assert follower.got == [1]
    log.error = ConnectionError("away again")
    await asyncio.sleep(POSITION_CHECK)
    assert "event log down reason=ConnectionError('away again')" in caplog.text


async def test_the_log_is_pruned_every_minute_from_a_random_time_on(watch, log):
    await asyncio.sleep(PRUNE_EVERY)
    assert len(log.asked("prune")) == 1
    await asyncio.sleep(10 * PRUNE_EVERY)
    assert len(log.asked("prune")) == 11


async def test_processes_that_start_together_do_not_prune_together(log, monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.5)
    log_watch = LogWatch(log, Feeds(), set())
    await asyncio.sleep(PRUNE_EVERY / 2 - 0.1)
    assert log.asked("prune") == []
    await asyncio.sleep(0.2)
    assert len(log.asked("prune")) == 1
    del log_watch


async def test_a_pruning_that_fails_is_logged_and_tried_again(watch, log, caplog):
    log.prune_error = ConnectionError("locked")
    await asyncio.sleep(2 * PRUNE_EVERY)
    assert caplog.text.count("pruning failed error=ConnectionError('locked')") == 2
    assert "event log down" not in caplog.text
    log.prune_error = None
    await asyncio.sleep(PRUNE_EVERY)
    assert caplog.text.count("pruning failed") == 2
    assert len(log.asked("prune")) == 3


async def test_checks_do_not_wait_for_a_long_pruning(watch, log, follow):
    follower = await follow("user.1")
    log.pruning_takes = 3600
    await asyncio.sleep(PRUNE_EVERY)
    assert len(log.asked("prune")) == 1
    log.write("user.1", 1)
    await asyncio.sleep(POSITION_CHECK + 0.1)
    assert follower.got == [1]


async def test_a_quiet_check_costs_one_question_however_many_are_followed(watch, log, feeds):
    await follow_many(log, feeds, 5 * BATCH_SIZE)
    await asyncio.sleep(1.5 * POSITION_CHECK)
    log.requests.clear()
    await asyncio.sleep(POSITION_CHECK)
    assert len(log.asked("moved")) == 1
    [in_turn] = log.asked("positions")
    assert len(in_turn) == pytest.approx(5 * BATCH_SIZE * POSITION_CHECK / ALL_WITHIN, abs=1)


async def test_where_much_has_moved_only_what_was_lost_is_read(watch, follow, log):
    followers = [await follow(f"user.{number}") for number in range(20)]
    await asyncio.sleep(1.5 * POSITION_CHECK)
    log.requests.clear()
    for number in range(10):
        log.write(f"user.{number}", number)
    await asyncio.sleep(POSITION_CHECK)
    assert [follower.got for follower in followers] == [[n] for n in range(10)] + [[]] * 10
    assert sum(len(streams) for streams in log.asked("positions")) <= 2  # Their turn.
    assert sum(len(after) for after in log.asked("read")) == 10


async def test_a_stream_that_was_forgotten_is_reset_by_the_next_check(watch, follow, log):
    follower = await follow("user.1")
    log.write("user.1", 1)
    await asyncio.sleep(1.5 * POSITION_CHECK)
    log.forget("user.1")
    await asyncio.sleep(POSITION_CHECK)
    assert follower.got == [1, "reset"]


async def test_a_log_that_lost_what_was_handed_out_lately_begins_an_epoch_by_the_next_check(
    watch, follow, log, feeds, caplog
):
    follower = await follow("user.1")
    await asyncio.sleep(1.5 * POSITION_CHECK)
    backup = log.backup()
    for event in log.write("user.1", 1):
        feeds["user.1"].take(event)
    log.restore(backup)
    log._moved.clear()
    await asyncio.sleep(POSITION_CHECK)
    assert "log went back stream=user.1" in caplog.text
    assert follower.got == [1, "reset"]


async def test_what_changes_without_a_trace_is_found_when_its_turn_comes(watch, follow, log, feeds):
    followers = [await follow(f"user.{number}") for number in range(10)]
    log.write("user.7", 1)
    await asyncio.sleep(5 * POSITION_CHECK)
    backup = log.backup()
    backup["user.7"].begin_epoch()
    log.restore(backup)
    await asyncio.sleep(ALL_WITHIN)
    assert [follower.got for follower in followers] == [[]] * 7 + [[1, "reset"]] + [[]] * 2


async def test_all_are_compared_by_the_check_after_one_that_failed(watch, follow, log, feeds):
    follower = await follow("user.1")
    log.write("user.1", 1)
    await asyncio.sleep(1.5 * POSITION_CHECK)
    log.error = ConnectionError("away")
    await asyncio.sleep(POSITION_CHECK)
    log.error = None
    backup = log.backup()
    backup["user.1"].begin_epoch()
    log.restore(backup)
    await asyncio.sleep(POSITION_CHECK)
    assert follower.got == [1, "reset"]


async def test_all_are_compared_when_asked_for_also_during_a_check(watch, follow, log):
    await follow("user.1")
    await asyncio.sleep(1.5 * POSITION_CHECK)
    log.answers.clear()
    await asyncio.sleep(POSITION_CHECK)
    watch.check_soon()
    log.requests.clear()
    log.answers.set()
    await settle()
    assert log.asked("moved") == [None]
    assert log.asked("positions") == [["user.1"]]


async def test_a_hole_that_could_not_be_read_is_tried_again_by_the_next_check(
    watch, follow, log, feeds
):
    follower = await follow("user.1")
    await asyncio.sleep(1.5 * POSITION_CHECK)
    log.write("user.1", 1, 2)
    await asyncio.sleep(2 * POSITION_CHECK)
    assert follower.got == [1, 2]
    *_, last = log.write("user.1", 3, 4)
    log._moved.clear()
    feeds["user.1"].take(last)
    log.error = ConnectionError("away for a moment")
    await asyncio.sleep(0.1)
    log.error = None
    assert follower.got == [1, 2]
    await asyncio.sleep(POSITION_CHECK)
    assert follower.got == [1, 2, 3, 4]


@pytest.mark.parametrize("retention", [{"AGE": 1800}, {"COUNT": 5}])
async def test_where_events_are_kept_for_a_short_time_all_are_compared_each_time(
    watch, follow, log, settings, retention
):
    settings.REALTIME = {**settings.REALTIME, "RETENTION": retention}
    await follow("user.1")
    await asyncio.sleep(1.5 * POSITION_CHECK)
    log.requests.clear()
    await asyncio.sleep(3 * POSITION_CHECK)
    assert len(log.asked("positions")) == (3 if "AGE" in retention else 0)


async def test_a_log_that_does_not_know_what_moved_is_compared_in_full(watch, follow, log):
    log.knows_what_moved = False
    follower = await follow("user.1")
    await asyncio.sleep(3.5 * POSITION_CHECK)
    log.write("user.1", 1)
    await asyncio.sleep(POSITION_CHECK)
    assert follower.got == [1]
    assert len(log.asked("positions")) == 4


async def follow_many(log, feeds, count):
    reader = LogReader(log)
    for number in range(count):
        stream = f"user.{number}"
        feeds[stream] = Feed(stream, reader)
        await feeds[stream].catch_up()
    log.requests.clear()
