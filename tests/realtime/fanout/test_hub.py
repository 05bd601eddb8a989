"""The hub over the in-memory layer, in one process; Redis is in test_across_processes."""

import asyncio
import json
import threading

import pytest
from channels.layers import get_channel_layer

from realtime import aposition, apublish, publish
from realtime.eventlog import LoggedEvent
from realtime.events import event_message, group_name
from realtime.fanout.hub import running_hub
from realtime.layer.messages import logged_messages
from tests.processes.waiting import until
from tests.realtime.test_events import Listener

pytestmark = pytest.mark.django_db(transaction=True)  # Its threads look after connections.


class Follower:
    def __init__(self):
        self.events = asyncio.Queue()
        self.is_full = False
        self.fell_behind_from = None

    @classmethod
    async def of(cls, stream):
        """Follow a stream from its present position on."""
        follower = cls()
        (await running_hub().follow(stream, follower)).followers.go_live(follower)
        return follower

    def deliver(self, message, size):
        assert size == len(message["text"])
        if self.is_full:
            return False
        self.events.put_nowait(json.loads(message["text"]))
        return True

    def fall_behind(self, position):
        self.fell_behind_from = position.offset
        self.is_full = False

    def reset(self):
        self.events.put_nowait("reset")

    async def next(self):
        return await asyncio.wait_for(self.events.get(), 2)


async def test_followers_of_a_stream_get_its_events_and_no_others():
    first, second = await Follower.of("user.1"), await Follower.of("user.1")
    await apublish("user.2", "not theirs")
    await apublish("user.1", "theirs", {"n": 1})
    for follower in (first, second):
        event = await follower.next()
        assert (event["name"], event["data"]) == ("theirs", {"n": 1})
        assert follower.events.empty()


async def test_publish_from_any_thread_reaches_the_loop():
    follower = await Follower.of("user.1")
    for number in range(3):
        await asyncio.to_thread(publish, "user.1", str(number))
    assert [(await follower.next())["name"] for _ in range(3)] == ["0", "1", "2"]


async def test_who_has_left_gets_nothing_and_who_comes_back_gets_all():
    hub, first = running_hub(), await Follower.of("user.1")
    hub.unfollow("user.1", first)
    hub.unfollow("user.1", first)
    await apublish("user.1", "missed", ephemeral=True)
    follower = await Follower.of("user.1")
    await apublish("user.1", "seen", ephemeral=True)
    assert first.events.empty()
    assert (await follower.next())["name"] == "seen"


async def test_a_group_is_left_some_time_after_its_last_follower(monkeypatch):
    monkeypatch.setattr("realtime.fanout.membership.LEAVE_AFTER", 0)
    layer, group = get_channel_layer(), group_name("user.1")
    hub, follower = running_hub(), await Follower.of("user.1")
    assert group in layer.groups
    hub.unfollow("user.1", follower)
    await until(lambda: group not in layer.groups, 2, "the group was left")
    follower = await Follower.of("user.1")
    await apublish("user.1", "again")
    assert (await follower.next())["name"] == "again"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "realtime.event"},
        {"type": "realtime.event", "stream": "user.1"},
        {"type": "realtime.event", "stream": "user.1", "name": "n", "data": object()},
        {"type": "realtime.event", "stream": ["user.1"], "name": "n"},
        {"type": "realtime.event", "stream": "user.1", "name": "n", "at": "noon"},
        {"type": "realtime.event", "stream": "user.1", "frame": "{}"},
        {"type": "realtime.event", "stream": "user.1", "name": "n", "offset": 1, "x": 1},
        {"type": "realtime.events"},
        {"type": "realtime.events", "events": 5},
        {"type": "realtime.events", "events": [{"type": "realtime.event"}, 7]},
        {"type": "something.else", "stream": "user.1", "name": "n"},
        {},
    ],
)
async def test_a_message_that_is_no_event_harms_nobody(message):
    hub, follower = running_hub(), await Follower.of("user.1")
    hub.deliver(message)
    await apublish("user.1", "good")
    assert (await follower.next())["name"] == "good"


async def test_a_plain_group_send_is_an_event():
    follower = await Follower.of("user.1")
    message = {"type": "realtime.event", "stream": "user.1", "name": "n", "data": {"a": "ü"}}
    await get_channel_layer().group_send(group_name("user.1"), message)
    event = await follower.next()
    assert event["id"] and event["at"] > 1_700_000_000_000
    assert event["data"] == {"a": "ü"}


async def test_a_bad_event_among_many_costs_only_itself(caplog):
    follower = await Follower.of("user.1")
    good = event_message("user.1", "good")
    bad = {"type": "realtime.event", "stream": "user.1", "offset": 1}
    running_hub().deliver({"type": "realtime.events", "events": [bad, good]})
    assert (await follower.next())["name"] == "good"
    assert "event dropped stream='user.1'" in caplog.text


async def test_what_a_later_version_adds_to_a_message_is_passed_over():
    follower, hub = await Follower.of("user.1"), running_hub()
    position = await aposition("user.1")
    event = LoggedEvent("user.1", position.epoch, 1, "id", "new", '{"name":"new"}')
    [(_, message)] = logged_messages([event])
    hub.deliver({**message, "more": 1})
    assert (await follower.next())["name"] == "new"


@pytest.mark.parametrize("ephemeral", [False, True])
async def test_what_goes_to_many_streams_is_sent_in_one_message(ephemeral):
    first, last = await Follower.of("user.1"), await Follower.of("user.99")
    seen = await Listener().join("user.1")
    streams = [f"user.{number}" for number in range(1, 100)]
    await apublish(streams, "to many", [1], ephemeral=ephemeral)
    await apublish("user.1", "to one")
    for follower in (first, last):
        event = await follower.next()
        assert (event["name"], event["data"]) == ("to many", [1])
    assert (await first.next())["name"] == "to one"
    assert first.events.empty() and last.events.empty()
    assert (await seen.next())["name"] == "to one"


async def test_what_is_large_goes_to_nobody_who_does_not_follow():
    follower = await Follower.of("user.1")
    seen = await Listener().join("user.1")
    await apublish([f"user.{number}" for number in range(1, 100)], "large", "x" * 5000)
    assert (await follower.next())["name"] == (await seen.next())["name"] == "large"


async def test_publish_does_not_wait_for_a_loop_that_stands_still(monkeypatch, caplog):
    monkeypatch.setattr("realtime.layer.broadcast._broadcaster.timeout", 0.05)
    await Follower.of("user.1")
    publisher = threading.Thread(target=publish, args=("user.1", "n"))
    publisher.start()
    publisher.join(5)  # Blocks this loop, which is the in-memory layer's.
    assert not publisher.is_alive()
    assert "does not run" in caplog.text


async def test_a_follower_that_takes_no_more_is_left_to_catch_up_from_there():
    quick, slow = await Follower.of("user.1"), await Follower.of("user.1")
    await apublish("user.1", "first")
    assert [(await one.next())["name"] for one in (quick, slow)] == ["first", "first"]
    slow.is_full = True
    for name in ("second", "third"):
        await apublish("user.1", name)
    assert [(await quick.next())["name"] for _ in range(2)] == ["second", "third"]
    assert slow.fell_behind_from == 1
    assert slow.events.empty()
    await apublish("user.1", "typing", ephemeral=True)
    assert (await slow.next())["name"] == "typing"
