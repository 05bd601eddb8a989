"""The hub over a broker and a log, in one process; Redis is in test_across_processes."""

import asyncio

import pytest

from realtime import apublish
from realtime import publish as sync_publish
from realtime.eventlog import event_log
from realtime.events import event_message, group_name
from realtime.fanout.hub import Hub, running_hub
from realtime.fanout.membership import LEAVE_AFTER
from realtime.layer.link import ANSWER_WITHIN, PROBE_INTERVAL, RETRY_AFTER
from realtime.layer.messages import logged_messages
from realtime.protocol.position import NOWHERE
from tests.realtime.fanout.recording_follower import RecordingFollower
from tests.virtual_time import elapsed, settle

STREAM = "user.1"


@pytest.fixture
async def hub(log, broker):
    return Hub()


@pytest.fixture
def follow(hub):
    """Follow a stream from its present position on."""

    async def follow(stream):
        follower = RecordingFollower()
        (await hub.follow(stream, follower)).followers.go_live(follower)
        return follower

    return follow


async def test_a_loop_has_one_hub(broker, log):
    assert running_hub() is running_hub()


async def test_followers_of_a_stream_get_its_events_and_no_others(follow, publish):
    first, second = await follow("user.1"), await follow("user.1")
    await publish("user.2", "not theirs")
    await publish("user.1", {"n": 1})
    assert first.got == second.got == [{"n": 1}]


async def test_one_who_has_left_gets_nothing_and_one_who_comes_back_gets_all(
    hub, follow, publish_ephemeral
):
    first = await follow(STREAM)
    hub.unfollow(STREAM, first)
    hub.unfollow(STREAM, first)
    await publish_ephemeral(STREAM, "missed")
    second = await follow(STREAM)
    await publish_ephemeral(STREAM, "seen")
    assert (first.got, second.got) == ([], ["seen"])


async def test_nobody_need_follow_to_unfollow(hub):
    hub.unfollow("nobody.1", RecordingFollower())


async def test_a_stream_is_followed_on_for_those_who_come_back_soon(hub, follow, publish, broker):
    hub.unfollow(STREAM, await follow(STREAM))
    await asyncio.sleep(LEAVE_AFTER - 1)
    follower = await follow(STREAM)
    await asyncio.sleep(2 * LEAVE_AFTER)
    await publish(STREAM, "still here")
    assert follower.got == ["still here"]
    assert broker.requests.count(("join", group_name(STREAM))) == 1
    assert ("leave", group_name(STREAM)) not in broker.requests


async def test_a_group_that_was_left_is_joined_again(hub, follow, publish, broker):
    hub.unfollow(STREAM, await follow(STREAM))
    await asyncio.sleep(LEAVE_AFTER + 1)
    assert broker.members(group_name(STREAM)) == []
    await publish(STREAM, "missed")
    follower = await follow(STREAM)
    await publish(STREAM, "again")
    assert follower.got == ["again"]


async def test_one_who_comes_while_the_group_is_being_left_waits_for_that(
    hub, follow, publish, broker
):
    hub.unfollow(STREAM, await follow(STREAM))
    await asyncio.sleep(LEAVE_AFTER - 0.01)
    broker.answers.clear()
    await asyncio.sleep(0.02)
    following = asyncio.create_task(follow(STREAM))
    await settle()
    await asyncio.sleep(1)
    assert not following.done()
    broker.answers.set()
    follower = await following
    await publish(STREAM, "again")
    assert follower.got == ["again"]
    assert len(broker.members(group_name(STREAM))) == 1


async def test_what_comes_while_the_group_is_being_left_reaches_no_closed_feed(hub, log, broker):
    follower = RecordingFollower()
    feed = await hub.follow(STREAM, follower)
    hub.unfollow(STREAM, follower)
    await asyncio.sleep(LEAVE_AFTER - 0.01)
    broker.answers.clear()
    await asyncio.sleep(0.02)
    [(_, message)] = logged_messages(log.write(STREAM, "late"))
    hub.deliver(message)
    assert feed.position.offset == 0


async def test_while_the_layer_is_down_the_checks_of_the_log_bring_events(
    hub, follow, log, broker, publish
):
    broker.answers.clear()
    follower = await follow(STREAM)
    assert elapsed() == pytest.approx(ANSWER_WITHIN, abs=0.1)
    log.write(STREAM, 1)
    await hub.check()
    await settle()
    assert follower.got == [1]
    broker.answers.set()
    await asyncio.sleep(60)
    await publish(STREAM, 2)
    assert follower.got == [1, 2]


async def test_when_the_layer_is_back_the_log_is_read_for_what_it_lost(settings, log, broker):
    settings.REALTIME = {**settings.REALTIME, "POSITION_CHECK": 3600}
    log, hub, follower = event_log(), Hub(), RecordingFollower()
    (await hub.follow(STREAM, follower)).followers.go_live(follower)
    await asyncio.sleep(2)
    broker.layers[-1].is_deaf = True
    log.write(STREAM, "lost")
    await asyncio.sleep(PROBE_INTERVAL + ANSWER_WITHIN + RETRY_AFTER)
    assert follower.got == ["lost"]


async def test_to_follow_raises_what_the_log_raises(hub, follow, log):
    log.error = ConnectionError("away")
    with pytest.raises(ConnectionError):
        await follow(STREAM)
    log.error = None
    await follow(STREAM)


async def test_without_a_log_there_are_ephemeral_events(settings, broker, publish_ephemeral):
    settings.REALTIME = {"EVENT_LOG": None}
    hub, follower = Hub(), RecordingFollower()
    feed = await hub.follow(STREAM, follower)
    await publish_ephemeral(STREAM, "typing")
    await hub.check()
    assert follower.got == ["typing"]
    assert feed.position == NOWHERE


async def test_a_plain_group_send_is_an_event(hub, follow, broker):
    follower = await follow(STREAM)
    await broker.layers[0].group_send(group_name(STREAM), event_message(STREAM, "n", {"a": "ü"}))
    await settle()
    assert follower.got == [{"a": "ü"}]


async def test_what_goes_to_many_streams_reaches_each_once(hub, follow, log, broker):
    first, last = await follow("user.1"), await follow("user.99")
    events = [log.write(f"user.{number}", number)[0] for number in range(1, 100)]
    for group, message in logged_messages(events):
        await broker.layers[0].group_send(group, message)
    await settle()
    assert (first.got, last.got) == ([1], [99])


@pytest.mark.parametrize("message", [{}, {"type": "realtime.event"}, {"type": "realtime.events"}])
async def test_a_message_that_is_no_event_harms_nobody(hub, follow, publish, broker, message):
    follower = await follow(STREAM)
    await broker.layers[0].group_send(group_name(STREAM), message)
    await publish(STREAM, "good")
    assert follower.got == ["good"]


async def test_a_follower_that_takes_no_more_is_left_to_catch_up_from_there(follow, publish):
    quick, slow = await follow(STREAM), await follow(STREAM)
    await publish(STREAM, 1)
    slow.is_full = True
    await publish(STREAM, 2, 3)
    assert quick.got == [1, 2, 3]
    assert slow.got == [1, ("behind", 1)]


@pytest.mark.parametrize("ephemeral", [False, True])
def test_publish_from_any_thread_reaches_the_loop(ephemeral):
    class Follower(RecordingFollower):
        def __init__(self):
            super().__init__()
            self.has_all = asyncio.Event()

        def deliver(self, message, size):
            taken = super().deliver(message, size)
            if len(self.got) == 4:
                self.has_all.set()
            return taken

    async def follow():
        follower = Follower()
        (await running_hub().follow(STREAM, follower)).followers.go_live(follower)
        for number in range(3):
            await asyncio.to_thread(sync_publish, STREAM, "n", number, ephemeral=ephemeral)
        await apublish(STREAM, "n", 3, ephemeral=ephemeral)
        async with asyncio.timeout(5):
            await follower.has_all.wait()
        return follower.got

    assert asyncio.run(follow()) == [0, 1, 2, 3]
