"""A feed over the log in memory, in interleavings that are rare in real life."""

import asyncio
import json

import pytest

from realtime import publish
from realtime.eventlog import event_log
from realtime.exceptions import PositionLost
from realtime.fanout.feed import Feed
from realtime.fanout.log_reader import LogReader
from realtime.protocol.position import Position

pytestmark = pytest.mark.django_db(transaction=True)  # Its threads look after connections.


class Follower:
    def __init__(self):
        self.got = []

    def deliver(self, message, size):
        self.got.append(json.loads(message["text"])["data"])
        return True

    def fall_behind(self, position):
        self.got.append(("behind", position.offset))

    def reset(self):
        self.got.append("reset")


async def published(*numbers):
    for number in numbers:
        await asyncio.to_thread(publish, "user.1", "n", number)


async def opened():
    feed = Feed("user.1", LogReader(event_log()))
    follower = Follower()
    feed.followers.add(follower)
    await feed.catch_up()
    feed.followers.go_live(follower)
    return feed, follower


async def test_a_log_that_went_back_gets_a_new_epoch_and_one_reset_however_many_check():
    await published(1, 2, 3)
    feed, follower = await opened()
    old = feed.position
    stream = event_log()._stream("user.1")
    stream.top, stream.events = 1, stream.events[:1]
    before = feed.position
    found = Position(old.epoch, 1)
    await asyncio.gather(*(feed.check(before, found) for _ in range(20)))
    assert follower.got == ["reset"]
    assert feed.position.epoch != old.epoch


async def test_a_log_that_went_back_and_came_as_far_again_gets_a_new_epoch_too():
    await published(1, 2, 3)
    feed, follower = await opened()
    old = feed.position
    await published(4, 5)
    await feed.check_log()
    await feed.catch_up()
    stream = event_log()._stream("user.1")
    stream.top, stream.events = 3, stream.events[:3]
    await published("other 4", "other 5", "other 6")
    for event in event_log().read({"user.1": 3}, 10)["user.1"].events:
        feed.take(event)
    await feed.catch_up()
    assert "reset" in follower.got
    assert feed.position.epoch != old.epoch


async def test_a_check_from_before_a_new_epoch_changes_nothing():
    await published(1)
    feed, follower = await opened()
    before = feed.position
    event_log().forget("user.1")
    await feed.check(before, event_log().positions(["user.1"])["user.1"])
    new = feed.position
    await feed.check(before, before)
    assert feed.position == new
    assert follower.got == ["reset"]


async def test_what_was_erased_during_a_read_is_handed_to_nobody():
    await published("secret 1", "secret 2")
    feed, _ = await opened()
    old = feed.position
    events = feed._reader.events

    async def slow(stream, after):
        read = await events(stream, after)
        event_log().forget("user.1")
        await published("new 1", "new 2")
        await feed.check_log()
        return read

    feed._reader.events = slow
    await feed.since(Position(old.epoch, 0))
    feed._reader.events = events
    found = await feed.since(Position(feed.position.epoch, 0))
    assert [json.loads(event.frame)["data"] for event in found] == ["new 1", "new 2"]


async def test_an_event_that_retention_took_from_between_is_not_skipped():
    await published(1, 2, 3)
    feed, _ = await opened()
    del event_log()._stream("user.1").events[1]
    start = Position(feed.position.epoch, 0)
    assert [event.offset for event in await feed.since(start)] == [1]
    with pytest.raises(PositionLost):
        await feed.since(start._replace(offset=1))


async def test_much_that_was_missed_is_left_to_each_followers_own_pace():
    feed, follower = await opened()
    await published(*["x" * 9_000 for _ in range(3)])
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [("behind", 0)]
    assert feed.position.offset == 3


async def test_a_failing_log_is_logged_and_the_next_check_mends(monkeypatch, caplog):
    feed, follower = await opened()
    await published(1, 2)
    read = event_log().read
    monkeypatch.setattr(event_log(), "read", lambda *_: 1 / 0)
    await feed.check_log()
    await feed.catch_up()
    assert "log not read stream=user.1 error=ZeroDivisionError" in caplog.text
    monkeypatch.setattr(event_log(), "read", read)
    await feed.check_log()
    await feed.catch_up()
    assert follower.got == [1, 2]
