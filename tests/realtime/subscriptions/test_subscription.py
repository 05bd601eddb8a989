"""One stream on one socket: what its client sees in each state, and at each move."""

import asyncio

import pytest

from realtime.eventlog import event_log
from realtime.fanout.log_reader import PAGE_SIZE
from realtime.fanout.membership import LEAVE_AFTER
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.delivery import MAX_EPHEMERAL
from realtime.protocol.position import Position
from realtime.subscriptions.subscription import LAG, Subscription
from tests.realtime.layer.virtual_time import settle
from tests.realtime.subscriptions.client import Thing

STREAM, GROUP = "thing.1", "realtime.thing.1"
LIMIT = 4096
"""Bytes in flight, for those tests in which a socket is full."""
LARGE_TEXT = "x" * (LIMIT // 3)


@pytest.fixture
async def stream(log):
    return Thing(STREAM)


@pytest.fixture
async def subscription(client, stream, hub):
    return Subscription(client.socket, stream, hub)


async def position(log):
    return (await log.positions([STREAM]))[STREAM]


async def start_of(log):
    return (await position(log))._replace(offset=0)


async def check(hub):
    await hub.check()
    await settle()


class TestStarting:
    async def test_the_answer_has_the_position_and_a_snapshot(
        self, subscription, client, stream, log
    ):
        log.write(STREAM, 1)
        stream.picture = {"state": "on"}
        await subscription.start(None, 7)
        epoch = (await position(log)).epoch
        assert client.frames == [
            {
                "type": "subscribed",
                "stream": STREAM,
                "epoch": epoch,
                "offset": 1,
                "recovered": False,
                "snapshot": {"state": "on"},
                "ref": 7,
            }
        ]

    async def test_a_client_that_missed_nothing_goes_on(
        self, subscription, client, stream, log, publish
    ):
        log.write(STREAM, 1)
        await subscription.start(await position(log), None)
        await publish(STREAM, 2)
        assert client.frames[0]["recovered"] is True and stream.snapshots == 0
        assert client.data == [2] and client.replayed == []

    async def test_a_client_that_missed_some_gets_them_first(
        self, subscription, client, stream, log, publish
    ):
        log.write(STREAM, 1, 2, 3)
        await subscription.start((await position(log))._replace(offset=1), None)
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
        await subscription.start((await position(log))._replace(offset=3), None)
        assert client.frames[0]["recovered"] is False

    async def test_a_position_that_retention_has_passed_can_not_be_continued(
        self, subscription, client, log
    ):
        log.write(STREAM, 1, 2)
        log.lose(STREAM, 1)
        await subscription.start(await start_of(log), None)
        await settle()
        assert client.types == ["subscribed"]
        assert client.frames[0]["recovered"] is False

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
        stream.answers.clear()
        starting = asyncio.create_task(subscription.start(None, None))
        await settle()
        log.forget(STREAM)
        log.write(STREAM, "new")
        await check(hub)
        stream.answers.set()
        await starting
        await settle()
        assert client.types == ["subscribed", "reset"]
        now = await position(log)
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
        stream.picture = "after the loss"
        log.forget(STREAM)
        await publish(STREAM, "new 1")
        await publish(STREAM, "new 2")
        assert client.types == ["subscribed", "event", "reset", "event"]
        assert client.frames[2]["snapshot"] == "after the loss"
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
        assert client.frames[-1]["epoch"] == (await position(log)).epoch
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


class TestReplaying:
    """Over a socket that is full early, whose client does not read until it is said."""

    @pytest.fixture
    def log(self, settings, log):
        settings.REALTIME = {**settings.REALTIME, "MAX_IN_FLIGHT_BYTES": LIMIT}
        return event_log()

    @pytest.fixture
    async def replaying(self, subscription, client, log):
        """A subscription in the midst of a replay of ten large events."""
        log.write(STREAM, *(f"{number}{LARGE_TEXT}" for number in range(10)))
        client.reads = False
        await subscription.start(await start_of(log), None)
        await settle()
        assert 0 < len(client.data) < 10
        return subscription

    async def test_it_goes_at_the_pace_of_the_client(self, replaying, client, publish):
        client.read_on()
        await settle()
        await publish(STREAM, "live")
        assert [one[0] for one in client.data] == [*"0123456789", "l"]
        assert len(client.replayed) == 10

    async def test_what_is_published_meanwhile_is_replayed_too(self, replaying, client, publish):
        await publish(STREAM, "meanwhile")
        client.read_on()
        await settle()
        assert client.replayed[10:] == ["meanwhile"]

    async def test_ephemeral_events_are_held_until_it_is_live(
        self, replaying, client, publish_ephemeral
    ):
        await publish_ephemeral(STREAM, "typing")
        client.read_on()
        await settle()
        assert len(client.data) == 11 and client.data[-1] == "typing"

    async def test_after_a_reset_nothing_old_comes(
        self, replaying, client, stream, hub, log, publish
    ):
        before = len(client.data)
        stream.picture = "new"
        log.forget(STREAM)
        await check(hub)
        client.read_on()
        await settle()
        await publish(STREAM, "live")
        assert client.data[before:] == ["live"]
        assert client.types[-2:] == ["reset", "event"]
        assert client.frames[-2]["snapshot"] == "new"

    async def test_it_stops_when_the_socket_ends(self, replaying, client, log):
        before = len(client.frames)
        log.requests.clear()
        client.socket.disconnected()
        client.read_on()
        await asyncio.sleep(5)
        assert len(client.frames) == before
        assert log.asked("read") == []

    async def test_it_stops_when_the_subscription_ends(self, replaying, client, publish):
        before = len(client.frames)
        replaying.end()
        client.read_on()
        await publish(STREAM, "more")
        assert len(client.frames) == before

    async def test_a_client_that_never_reads_is_sent_away(self, replaying, client):
        await asyncio.sleep(60)
        assert client.code in (CloseCode.STALE, CloseCode.TOO_SLOW)

    async def test_a_full_socket_falls_behind_and_catches_up(
        self, subscription, client, publish, publish_ephemeral
    ):
        await subscription.start(None, None)
        client.reads = False
        for number in range(10):
            await publish(STREAM, f"{number}{LARGE_TEXT}")
        await publish_ephemeral(STREAM, "typing")
        assert 0 < len(client.data) < 10
        client.read_on()
        await settle()
        assert [one[0] for one in client.data] == [*"0123456789", "t"]
        await publish(STREAM, "live")
        assert client.data[-1] == "live" and "live" not in client.replayed


async def test_a_long_replay_goes_page_by_page(subscription, client, log):
    numbers = list(range(2 * PAGE_SIZE + 1))
    log.write(STREAM, *numbers)
    await subscription.start(await start_of(log), None)
    await settle()
    assert client.data == numbers


async def test_a_log_that_fails_during_a_replay_sends_the_client_away(
    subscription, client, log, caplog
):
    log.write(STREAM, *range(PAGE_SIZE + 1))
    await subscription.start(await start_of(log), None)
    log.error = ConnectionError("away")
    await settle()
    assert client.code == CloseCode.RESTARTING
    assert client.types == ["subscribed", "bye"]
    assert "replay failed" in caplog.text and "ConnectionError: away" in caplog.text


async def test_what_retention_takes_during_a_replay_resets_the_client(subscription, client, log):
    log.write(STREAM, *range(PAGE_SIZE + 1))
    await subscription.start(await start_of(log), None)
    for offset in range(1, 10):
        log.lose(STREAM, offset)
    await settle()
    assert client.types == ["subscribed", "reset"]
    assert client.frames[-1]["offset"] == PAGE_SIZE + 1


async def test_a_log_that_lags_behind_what_was_broadcast_is_read_again(subscription, client, log):
    numbers = list(range(PAGE_SIZE + 1))
    log.write(STREAM, *numbers)
    await subscription.start(await start_of(log), None)
    log.last_read[STREAM] = 0
    log.requests.clear()
    await settle()
    assert client.data == [] and len(log.asked("read")) == 1
    del log.last_read[STREAM]
    await asyncio.sleep(LAG)
    assert client.data == numbers


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
