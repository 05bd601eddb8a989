"""One stream on one socket: what its client sees in each state, and at each move."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from realtime.counters import RESETS
from realtime.exceptions import FrameError
from realtime.fanout.hub import Hub
from realtime.fanout.membership import LEAVE_AFTER
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.delivery import MAX_EPHEMERAL
from realtime.protocol.position import NOWHERE, Position
from realtime.subscriptions.subscription import Subscription
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.realtime.subscriptions.client import Thing
from tests.virtual_time import settle

STREAM, GROUP = "thing.1", "realtime.thing.1"


async def check(hub):
    await hub.check()
    await settle()


async def test_a_stream_takes_room_among_the_users_until_the_process_follows_it_no_more(
    client, hub, settings
):
    settings.REALTIME = {**settings.REALTIME, "MAX_STREAMS_PER_USER": 1}
    first = Subscription(client.socket, Thing("thing.1"), hub)
    await first.start(None, 1)
    with pytest.raises(FrameError, match="too many streams"):
        await Subscription(client.socket, Thing("thing.2"), hub).start(None, 2)
    first.end()
    first.end()  # The end of its socket follows.
    await asyncio.sleep(LEAVE_AFTER + 0.1)
    await Subscription(client.socket, Thing("thing.2"), hub).start(None, 3)
    assert client.types == ["subscribed", "subscribed"]


class TestStarting:
    async def test_the_answer_has_the_position_and_a_snapshot(
        self, subscription, client, stream, log
    ):
        log.write(STREAM, 1)
        stream.picture = {"state": "on", "since": date(2026, 1, 31)}
        await subscription.start(None, 7)
        epoch = log.top(STREAM).epoch
        assert client.frames == [
            {
                "type": "subscribed",
                "stream": STREAM,
                "epoch": epoch,
                "offset": 1,
                "recovered": False,
                "snapshot": {"state": "on", "since": "2026-01-31"},
                "ref": 7,
            }
        ]

    async def test_a_client_that_missed_nothing_goes_on(
        self, subscription, client, stream, log, publish
    ):
        log.write(STREAM, 1)
        await subscription.start(log.top(STREAM), None)
        await publish(STREAM, 2)
        assert client.frames[0]["recovered"] is True and stream.snapshots == 0
        assert client.data == [2] and client.replayed == []

    async def test_a_client_that_missed_some_gets_them_first(
        self, subscription, client, stream, log, publish
    ):
        log.write(STREAM, 1, 2, 3)
        await subscription.start(log.top(STREAM)._replace(offset=1), None)
        await publish(STREAM, 4)
        assert client.frames[0]["recovered"] is True and stream.snapshots == 0
        assert client.data == [2, 3, 4] and client.replayed == [2, 3]

    @pytest.mark.parametrize("after", [Position("another", 1), Position("-", 0)])
    async def test_a_position_of_another_epoch_can_not_be_continued(
        self, subscription, client, log, after
    ):
        log.write(STREAM, 1, 2)
        await subscription.start(after, None)
        await settle()
        assert client.types == ["subscribed"]
        assert client.frames[0]["recovered"] is False and client.frames[0]["offset"] == 2

    async def test_a_position_that_the_log_has_not_reached_can_not_be_continued(
        self, subscription, client, log
    ):
        log.write(STREAM, 1, 2)
        await subscription.start(log.top(STREAM)._replace(offset=3), None)
        assert client.frames[0]["recovered"] is False

    async def test_a_position_that_retention_has_passed_can_not_be_continued(
        self, subscription, client, log
    ):
        log.write(STREAM, 1, 2)
        log.lose(STREAM, 1)
        await subscription.start(log.start(STREAM), None)
        await settle()
        assert client.types == ["subscribed"]
        assert client.frames[0]["recovered"] is False

    async def test_a_log_that_is_lost_while_the_missed_is_read_can_not_be_continued(
        self, subscription, client, hub, log
    ):
        log.write(STREAM, 1, 2)
        start, feed = log.start(STREAM), await hub.follow(STREAM, RecordingFollower())

        def lose():
            log.forget(STREAM)
            [first] = log.write(STREAM, "new")
            feed.reset(Position(first.epoch, 1))

        log.when_answered = lose
        await subscription.start(start, None)
        assert client.frames[0]["recovered"] is False
        assert client.frames[0]["offset"] == 1

    async def test_without_a_log_nothing_can_be_continued(
        self, settings, client, stream, publish_ephemeral
    ):
        settings.REALTIME = {"EVENT_LOG": None}
        stream.picture = "now"
        await Subscription(client.socket, stream, Hub()).start(NOWHERE, None)
        await publish_ephemeral(STREAM, "typing")
        assert client.frames[0]["recovered"] is False
        assert client.frames[0]["snapshot"] == "now"
        assert client.data == ["typing"]

    async def test_what_happens_while_the_snapshot_is_made_comes_after_it(
        self, subscription, client, stream, log, publish, publish_ephemeral
    ):
        stream.answers.clear()
        starting = asyncio.create_task(subscription.start(None, None))
        await settle()
        await publish_ephemeral(STREAM, "typing")
        await publish(STREAM, 1, 2)
        assert client.frames == []
        stream.answers.set()
        await starting
        await settle()
        assert client.frames[0]["offset"] == 0
        assert client.data == [1, 2, "typing"] and client.replayed == [1, 2]

    async def test_of_ephemeral_events_the_newest_are_held(
        self, subscription, client, stream, publish_ephemeral
    ):
        stream.answers.clear()
        starting = asyncio.create_task(subscription.start(None, None))
        await settle()
        for number in range(MAX_EPHEMERAL + 2):
            await publish_ephemeral(STREAM, number)
        stream.answers.set()
        await starting
        assert client.data == list(range(2, MAX_EPHEMERAL + 2))

    async def test_a_log_that_is_lost_meanwhile_resets_the_client_after_its_answer(
        self, subscription, client, stream, hub, log
    ):
        log.write(STREAM, 1)
        slow = stream.answers
        slow.clear()
        starting = asyncio.create_task(subscription.start(None, None))
        await settle()
        stream.answers = asyncio.Event()
        stream.answers.set()
        log.forget(STREAM)
        log.write(STREAM, "new")
        await check(hub)
        assert client.frames == []
        slow.set()
        await starting
        await settle()
        assert client.types == ["subscribed", "reset"]
        now = log.top(STREAM)
        assert (client.frames[1]["epoch"], client.frames[1]["offset"]) == now

    async def test_what_the_snapshot_raises_is_the_callers(self, subscription, client, stream):
        stream.error = ValueError("no picture")
        with pytest.raises(ValueError, match="no picture"):
            await subscription.start(None, None)
        assert client.frames == []


class TestLive:
    async def test_events_come_as_they_are_published(
        self, subscription, client, publish, publish_ephemeral
    ):
        await subscription.start(None, None)
        await publish(STREAM, 1)
        await publish_ephemeral(STREAM, "typing")
        await publish(STREAM, 2)
        assert client.data == [1, "typing", 2]
        assert [frame.get("offset") for frame in client.frames] == [0, 1, None, 2]

    async def test_a_lost_log_resets_the_client_with_a_new_snapshot(
        self, subscription, client, stream, hub, log, publish
    ):
        await subscription.start(None, None)
        await publish(STREAM, 1)
        stream.picture = ["after the loss", Decimal("1.50")]
        log.forget(STREAM)
        await publish(STREAM, "new 1")
        await publish(STREAM, "new 2")
        assert client.types == ["subscribed", "event", "reset", "event"]
        assert RESETS.read() == {"": 1}
        assert client.frames[2]["snapshot"] == ["after the loss", "1.50"]
        assert client.frames[2]["offset"] == 1
        assert client.data == [1, "new 2"]


class TestRebuilding:
    @pytest.fixture
    async def rebuilding(self, subscription, stream, hub, log, publish):
        """A live subscription whose log was lost, and whose snapshot is under way."""
        await subscription.start(None, None)
        await publish(STREAM, "old")
        stream.answers.clear()
        log.forget(STREAM)
        await check(hub)
        return subscription

    async def test_what_comes_meanwhile_follows_the_reset(
        self, rebuilding, client, stream, publish, publish_ephemeral
    ):
        await publish_ephemeral(STREAM, "typing")
        await publish(STREAM, 1)
        assert client.types == ["subscribed", "event"]
        stream.answers.set()
        await settle()
        assert client.types == ["subscribed", "event", "reset", "event", "event"]
        assert client.data == ["old", 1, "typing"]

    async def test_another_loss_meanwhile_costs_another_snapshot_but_one_reset(
        self, rebuilding, client, stream, hub, log
    ):
        log.write(STREAM, 1)
        log.forget(STREAM)
        stream.picture = "the newest"
        await check(hub)
        stream.answers.set()
        await settle()
        assert client.types == ["subscribed", "event", "reset"]
        assert client.frames[-1]["epoch"] == log.top(STREAM).epoch
        assert client.frames[-1]["snapshot"] == "the newest"

    async def test_a_snapshot_that_fails_sends_the_client_away_to_come_back(
        self, rebuilding, client, stream, caplog
    ):
        stream.error = ValueError("no picture")
        stream.answers.set()
        await settle()
        assert client.code == CloseCode.RESTARTING
        assert "replay failed" in caplog.text and "no picture" in caplog.text

    async def test_it_stops_when_the_subscription_ends(self, rebuilding, client, stream):
        rebuilding.end()
        stream.answers.set()
        await settle()
        assert client.types == ["subscribed", "event"]


async def test_when_it_has_ended_nothing_comes_and_the_group_is_left(
    subscription, client, broker, publish, publish_ephemeral
):
    await subscription.start(None, None)
    subscription.end()
    await publish(STREAM, 1)
    await publish_ephemeral(STREAM, "typing")
    assert client.data == []
    await asyncio.sleep(LEAVE_AFTER + 0.1)
    assert broker.members(GROUP) == []


class TestNotToTheSender:
    async def test_its_client_passes_over_the_event_and_finds_no_hole(
        self, subscription, client, publish, publish_ephemeral
    ):
        await subscription.start(None, None)
        await publish(STREAM, "mine", exclude=client.socket.id)
        await publish_ephemeral(STREAM, "mine too", exclude=client.socket.id)
        await publish(STREAM, "another's", exclude="another socket")
        assert client.skipped == [(0, 1)]
        assert client.data == ["another's"]
        assert client.position() == 2

    async def test_a_replay_passes_over_it_too(self, subscription, client, log):
        log.write(STREAM, 1)
        log.write(STREAM, "mine", exclude=client.socket.id)
        log.write(STREAM, 3)
        await subscription.start(log.start(STREAM), None)
        await settle()
        assert client.replayed == [1, 3]
        assert client.position(resumed_from=0) == 3
