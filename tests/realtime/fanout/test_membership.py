"""A hub's membership in the group of a stream: joining, joined, leaving, left, and each move."""

import asyncio

import pytest

from realtime.fanout.feed import Feed
from realtime.fanout.log_reader import LogReader
from realtime.fanout.membership import JOINED_AFTER, LEAVE_AFTER, FollowedStream, Membership
from realtime.layer.groups import group_name
from realtime.layer.link import ANSWER_WITHIN, LayerLink
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.virtual_time import elapsed, settle

STREAM = "user.1"


@pytest.fixture
async def link(broker):
    link = LayerLink(lambda: [], lambda message: None, lambda: None)
    await link.join("any")
    broker.requests.clear()
    return link


class Followed:
    """A stream that is followed, and how often it was reported as left."""

    def __init__(self, link, log, predecessor=None):
        self.left = []
        self.feed = Feed(STREAM, LogReader(log))
        before = None if predecessor is None else predecessor.stream
        self.stream = FollowedStream(self.feed, link, self.left.append, predecessor=before)

    @property
    def membership(self):
        return self.stream.membership


@pytest.fixture
async def followed(link, log, broker):
    followed = Followed(link, log)
    await followed.stream.joined()
    await followed.feed.catch_up()
    broker.requests.clear()
    return followed


@pytest.fixture
async def joining(link, log, broker):
    broker.answers.clear()
    return Followed(link, log)


async def test_joining_is_over_when_the_layer_has_answered(joining, broker):
    waiting = asyncio.create_task(joining.stream.joined())
    await asyncio.sleep(1)
    assert joining.membership is Membership.JOINING and not waiting.done()
    broker.answers.set()
    await waiting
    assert joining.membership is Membership.JOINED
    assert elapsed() == pytest.approx(1, abs=0.01)
    assert len(broker.members(group_name(STREAM))) == 1


async def test_who_waits_for_a_layer_that_is_down_waits_no_longer_than_it_may_take(joining):
    await joining.stream.joined()
    assert elapsed() == pytest.approx(ANSWER_WITHIN, abs=0.01)


async def test_a_stream_that_was_joined_before_is_not_waited_for(followed):
    before = elapsed()
    await followed.stream.joined()
    assert elapsed() == before


async def test_some_time_after_joining_it_reads_what_came_before_that_took_effect(followed, log):
    follower = RecordingFollower()
    followed.feed.followers.add(follower)
    followed.feed.followers.go_live(follower)
    log.write(STREAM, "published before the join had taken effect")
    await asyncio.sleep(JOINED_AFTER + 0.01)
    assert follower.got == ["published before the join had taken effect"]


async def test_leaving_takes_its_time(followed, broker):
    followed.stream.leave_later()
    await asyncio.sleep(LEAVE_AFTER - 0.1)
    assert followed.membership is Membership.LEAVING
    assert broker.requests == []
    await asyncio.sleep(0.2)
    assert followed.membership is Membership.LEFT
    assert broker.requests == [("leave", group_name(STREAM))]
    assert followed.left == [followed.stream]


async def test_a_follower_that_comes_while_it_is_leaving_keeps_it(followed, broker):
    followed.stream.leave_later()
    await asyncio.sleep(LEAVE_AFTER - 0.1)
    followed.stream.stay()
    assert followed.membership is Membership.JOINED
    await asyncio.sleep(2 * LEAVE_AFTER)
    assert broker.requests == [] and followed.left == []


async def test_leaving_begins_again_with_its_whole_time(followed, broker):
    followed.stream.leave_later()
    await asyncio.sleep(LEAVE_AFTER / 2)
    followed.stream.stay()
    followed.stream.leave_later()
    await asyncio.sleep(LEAVE_AFTER - 0.1)
    assert broker.requests == []
    await asyncio.sleep(0.2)
    assert broker.requests == [("leave", group_name(STREAM))]


async def test_it_may_be_left_and_followed_again_while_it_is_joining(joining, broker):
    joining.stream.leave_later()
    assert joining.membership is Membership.LEAVING
    joining.stream.stay()
    assert joining.membership is Membership.JOINING
    broker.answers.set()
    await joining.stream.joined()
    assert joining.membership is Membership.JOINED


async def test_a_layer_that_answers_while_it_is_leaving_does_not_keep_it(joining, broker):
    joining.stream.leave_later()
    broker.answers.set()
    await settle()
    assert joining.membership is Membership.LEAVING
    joining.stream.stay()
    assert joining.membership is Membership.JOINED


async def test_to_stay_changes_nothing_where_nobody_left(followed):
    followed.stream.stay()
    assert followed.membership is Membership.JOINED


async def test_a_successor_joins_only_when_its_predecessor_has_left(followed, link, log, broker):
    followed.stream.leave_later()
    await asyncio.sleep(LEAVE_AFTER - 0.01)
    broker.answers.clear()
    await asyncio.sleep(0.02)
    successor = Followed(link, log, predecessor=followed)
    await asyncio.sleep(1)
    assert broker.requests == [("leave", group_name(STREAM))]
    assert successor.membership is Membership.JOINING
    broker.answers.set()
    await successor.stream.joined()
    assert broker.requests == [("leave", group_name(STREAM)), ("join", group_name(STREAM))]
    assert successor.membership is Membership.JOINED
    assert len(broker.members(group_name(STREAM))) == 1


async def test_who_waits_for_a_successor_does_not_wait_for_both_requests(
    followed, link, log, broker
):
    followed.stream.leave_later()
    await asyncio.sleep(LEAVE_AFTER - 0.01)
    broker.answers.clear()
    await asyncio.sleep(0.02)
    before = elapsed()
    waiting = asyncio.create_task(Followed(link, log, predecessor=followed).stream.joined())
    await asyncio.sleep(ANSWER_WITHIN - 1)
    broker.answers.set()  # Those that wait are answered, and those that come are not.
    broker.answers.clear()
    await waiting
    assert broker.requests == [("leave", group_name(STREAM)), ("join", group_name(STREAM))]
    assert elapsed() - before == pytest.approx(ANSWER_WITHIN, abs=0.01)


async def test_what_was_left_does_not_read_the_log_again(followed, log):
    followed.stream.leave_later()
    await asyncio.sleep(LEAVE_AFTER - 0.01)
    _, second = log.write(STREAM, 1, 2)
    followed.feed.take(second)
    before = len(log.requests)
    await asyncio.sleep(LEAVE_AFTER)
    assert len(log.requests) == before
