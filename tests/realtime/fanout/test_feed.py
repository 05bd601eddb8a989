"""A feed over a log, in interleavings that are rare in real life."""

import asyncio
import json

import pytest

from realtime.eventlog import Draft
from realtime.exceptions import PositionLost
from realtime.fanout.feed import FRESH_FOR, MAX_REPAIR, OVERTAKEN_AFTER, Feed
from realtime.fanout.log_reader import LogReader
from realtime.layer.messages import EphemeralEvent
from realtime.protocol.position import NOWHERE, Position
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.virtual_time import elapsed, settle

STREAM = "user.1"


@pytest.fixture
def feed(log):
    return Feed(STREAM, LogReader(log))


async def live(feed):
    follower = RecordingFollower()
    feed.followers.add(follower)
    await feed.catch_up()
    feed.followers.go_live(follower)
    return follower


def ephemeral(data):
    frame = json.dumps({"data": data})
    return EphemeralEvent(STREAM, "id", "n", frame)


def data(events):
    return [json.loads(event.frame)["data"] for event in events]


async def test_events_that_are_broadcast_go_to_its_followers(feed, log):
    log.write(STREAM, "before")
    follower = await live(feed)
    [event] = log.write(STREAM, "after")
    feed.take(event)
    feed.take(event)
    assert follower.got == ["after"]
    assert feed.position == log.top(STREAM)


async def test_what_is_broadcast_before_the_position_is_known_waits_for_it(feed, log):
    follower = RecordingFollower()
    feed.followers.add(follower)
    log.answers.clear()
    opening = asyncio.create_task(feed.catch_up())
    await settle()
    [old] = log.write(STREAM, "old")
    feed.take(old)
    log.answers.set()
    await opening
    feed.followers.go_live(follower)
    [new] = log.write(STREAM, "new")
    feed.take(new)
    assert follower.got == ["new"] and feed.position.offset == 2


async def test_an_event_that_overtakes_the_answer_to_the_first_check_is_not_lost(feed, log):
    log.when_answered = lambda: feed.take(log.write(STREAM, "new")[0])
    await feed.check_log()
    assert feed.position.offset == 1
    assert data(await feed.since(feed.position._replace(offset=0))) == ["new"]
    assert log.asked("read") == []


async def test_an_event_that_was_overtaken_is_waited_for(feed, log):
    follower = await live(feed)
    first, second = log.write(STREAM, 1, 2)
    feed.take(second)
    await asyncio.sleep(OVERTAKEN_AFTER / 2)
    feed.take(first)
    await asyncio.sleep(1)
    assert follower.got == [1, 2]
    assert log.asked("read") == []


async def test_an_event_that_was_lost_is_read_soon(feed, log):
    follower = await live(feed)
    _, second = log.write(STREAM, 1, 2)
    feed.take(second)
    await asyncio.sleep(OVERTAKEN_AFTER + 0.01)
    assert follower.got == [1, 2]


async def test_ephemeral_events_wait_behind_one_that_is_missing(feed, log):
    follower = await live(feed)
    _, second = log.write(STREAM, 1, 2)
    feed.take(second)
    feed.take(ephemeral("typing"))
    assert follower.got == []
    await asyncio.sleep(1)
    assert follower.got == [1, 2, "typing"]


async def test_those_who_come_together_cost_one_check(feed, log):
    for _ in range(5):
        await feed.catch_up()
    assert len(log.asked("positions")) == 1
    await asyncio.sleep(FRESH_FOR + 0.01)
    await feed.catch_up()
    assert len(log.asked("positions")) == 2


@pytest.mark.parametrize("ahead", [True, False])
async def test_one_who_has_seen_more_or_another_epoch_is_worth_a_check(feed, log, ahead):
    await feed.catch_up()
    log.write(STREAM, 1)
    now = log.top(STREAM)
    await feed.catch_up(now if ahead else Position("another", 0))
    assert feed.position == now


async def test_catching_up_hands_out_what_was_missed(feed, log):
    follower = await live(feed)
    log.write(STREAM, 1, 2)
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [1, 2]


async def test_catching_up_soon_does_so_in_the_background(feed, log):
    feed.catch_up_soon()
    await settle()
    assert not log.requests  # Nobody has asked for the position yet.
    follower = await live(feed)
    log.write(STREAM, 1)
    feed.catch_up_soon()
    await settle()
    assert follower.got == [1]


async def test_a_log_that_went_back_gets_a_new_epoch_and_one_reset_however_many_check(feed, log):
    log.write(STREAM, 1)
    backup = log.backup()
    log.write(STREAM, 2, 3)
    follower = await live(feed)
    old = feed.position
    log.restore(backup)
    await asyncio.gather(*(feed.check(old, Position(old.epoch, 1)) for _ in range(20)))
    assert follower.got == ["reset"]
    assert feed.position == log.top(STREAM)
    assert feed.position.epoch != old.epoch


async def test_a_log_that_went_back_and_came_as_far_again_gets_a_new_epoch_too(feed, log):
    log.write(STREAM, 1, 2, 3)
    backup = log.backup()
    follower = await live(feed)
    old = feed.position
    for event in log.write(STREAM, 4, 5):
        feed.take(event)
    log.restore(backup)
    for event in log.write(STREAM, "other 4", "other 5"):
        feed.take(event)
    await feed.catch_up()
    assert follower.got == [4, 5, "reset"]
    assert feed.position.epoch != old.epoch


async def test_a_check_from_before_a_new_epoch_changes_nothing(feed, log):
    log.write(STREAM, 1)
    follower = await live(feed)
    before = feed.position
    log.forget(STREAM)
    await feed.check(before, log.top(STREAM))
    new = feed.position
    await feed.check(before, before)
    assert feed.position == new
    assert follower.got == ["reset"]


async def test_an_event_of_another_epoch_is_a_reason_to_check(feed, log):
    log.write(STREAM, "before")
    follower = await live(feed)
    log.forget(STREAM)
    [event] = log.write(STREAM, 1)
    feed.take(event)
    await settle()
    assert follower.got == ["reset"]
    assert feed.position == log.top(STREAM)


async def test_what_was_erased_during_a_read_is_handed_to_nobody(feed, log):
    log.write(STREAM, "secret 1", "secret 2")
    await live(feed)
    old = feed.position
    log.answers.clear()
    reading = asyncio.create_task(feed.since(old._replace(offset=0)))
    await settle()
    log.forget(STREAM)
    log.write(STREAM, "new 1", "new 2")
    log.answers.set()
    with pytest.raises(PositionLost):
        await reading
    await feed.check_log()
    assert data(await feed.since(feed.position._replace(offset=0))) == ["new 1", "new 2"]


async def test_what_was_erased_after_a_read_is_not_kept_for_the_next_one(feed, log):
    log.write(STREAM, "secret 1", "secret 2")
    await live(feed)
    old = feed.position

    def erase():
        log.forget(STREAM)
        *_, last = log.write(STREAM, "new 1", "new 2")
        feed.reset(Position(last.epoch, last.offset))

    log.when_answered = erase
    assert data(await feed.since(old._replace(offset=0))) == ["secret 1", "secret 2"]
    log.when_answered = lambda: None
    assert data(await feed.since(feed.position._replace(offset=0))) == ["new 1", "new 2"]


async def test_what_was_read_for_one_is_kept_for_the_others_who_come_back(feed, log):
    log.write(STREAM, 1, 2)
    await live(feed)
    start = feed.position._replace(offset=0)
    assert data(await feed.since(start)) == data(await feed.since(start)) == [1, 2]
    assert len(log.asked("read")) == 1


async def test_nothing_is_read_from_beyond_the_feeds_own_position(feed, log):
    log.write(STREAM, 1)
    await live(feed)
    log.write(STREAM, 2)
    assert data(await feed.since(feed.position._replace(offset=0))) == [1]


async def test_events_before_another_epoch_are_lost(feed, log):
    log.write(STREAM, 1)
    await live(feed)
    with pytest.raises(PositionLost):
        await feed.since(Position("another", 0))


async def test_much_that_was_missed_is_left_to_each_followers_own_pace(feed, log):
    follower = await live(feed)
    log.write(STREAM, *["x" * (MAX_REPAIR // 2) for _ in range(3)])
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [("behind", 0)]
    assert feed.position.offset == 3


async def test_opening_raises_what_the_log_raises(feed, log):
    log.error = ConnectionError("away")
    with pytest.raises(ConnectionError):
        await feed.catch_up()
    assert not feed.is_open
    log.error = None
    await feed.catch_up()
    assert feed.is_open


async def test_without_a_log_events_are_ephemeral_and_the_position_is_nowhere():
    feed = Feed(STREAM, None)
    follower = await live(feed)
    feed.take(ephemeral("typing"))
    feed.catch_up_soon()
    assert follower.got == ["typing"]
    assert feed.position == NOWHERE


async def test_what_is_handed_out_is_said_in_the_log_with_the_sockets_it_went_to(feed, log, caplog):
    caplog.set_level("INFO")
    await live(feed)
    draft = Draft("the id", "news", "1", 1)
    log.append([STREAM], draft, lambda events: feed.take(events[0]))
    assert "deliver event=the id stream=user.1 offset=1 name=news sockets=1" in caplog.text


async def test_a_closed_feed_stops_reading(feed, log):
    await live(feed)
    _, second = log.write(STREAM, 1, 2)
    feed.take(second)
    feed.close()
    await asyncio.sleep(1)
    assert log.asked("read") == []
    assert elapsed() > OVERTAKEN_AFTER
