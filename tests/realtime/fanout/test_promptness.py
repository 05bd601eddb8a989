"""How long after its commit an event is handed out and proved, as far as two clocks can tell."""

import time

import pytest

from realtime import counters
from realtime.eventlog import Draft, LoggedEvent
from realtime.fanout.followers import Followers
from realtime.fanout.promptness import Promptness
from realtime.layer.messages import logged_messages, stamped
from realtime.layer.reading import events_in
from tests.realtime.fanout.recording_follower import RecordingFollower


class Clock:
    def __init__(self):
        self.now = time.time()

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def follower():
    return RecordingFollower()


@pytest.fixture
def followers(follower):
    followers = Followers()
    followers.add(follower)
    followers.go_live(follower)
    return followers


@pytest.fixture
def promptness(clock):
    return Promptness(clock)


def event(at=0.0, data="1"):
    """Return an event as the log has it, published so many seconds ago."""
    draft = Draft("i", "n", data, int((time.time() - at) * 1000), traceparent="00-a-b-01")
    return LoggedEvent.of(draft, "room.1", "e", 1)


def broadcast(event):
    [(_, message)] = stamped(logged_messages([event]))
    [received] = events_in(message)
    return received


def measured(metric, since):
    """Return how many were measured, and their seconds together."""
    *buckets, seconds = metric.read()[since]
    return sum(buckets), seconds


def test_a_broadcast_event_is_timed_from_its_commit_however_long_the_transaction_was(
    promptness, followers
):
    promptness.handed_out(broadcast(event(at=60)), 1, followers)
    count, seconds = measured(counters.HANDED_OUT, "commit")
    assert count == 1 and seconds < 1


def test_one_that_was_read_from_the_log_is_timed_from_its_publish(promptness, followers):
    promptness.handed_out(event(at=60, data='{"at":1}'), 1, followers)
    count, seconds = measured(counters.HANDED_OUT, "publish")
    assert count == 1 and seconds == pytest.approx(60, abs=1)


def test_a_clock_that_is_behind_makes_no_time_below_zero(promptness, followers):
    promptness.handed_out(event(at=-60), 1, followers)
    assert measured(counters.HANDED_OUT, "publish") == (1, 0)


@pytest.mark.parametrize("stamp", [None, "soon", -1, 2**53, 10**400, True, 1.5])
def test_a_stamp_that_is_no_time_is_none(promptness, followers, stamp):
    [(_, message)] = logged_messages([event()])
    [received] = events_in({**message, "committed_at": stamp})
    promptness.handed_out(received, 1, followers)
    assert set(counters.HANDED_OUT.read()) == {"publish"}


def test_a_frame_without_a_time_is_counted_and_not_timed(promptness, followers):
    frame = '{"type":"event","stream":"room.1","offset":1,"data":1,"at":' + "9" * 5000 + "}"
    promptness.handed_out(LoggedEvent("room.1", "e", 1, "i", "n", frame), 7, followers)
    assert counters.EVENTS_DELIVERED.read() == {"kept": 7}
    assert counters.HANDED_OUT.read() == {}


def test_one_event_a_second_is_timed_until_its_proof(promptness, followers, follower, clock):
    clock.now = int(clock.now) + 0.1
    promptness.handed_out(event(), 1, followers)
    first = follower.proved
    del follower.proved
    clock.now += 0.8
    promptness.handed_out(event(), 1, followers)
    assert not hasattr(follower, "proved")
    clock.now += 0.2
    promptness.handed_out(event(), 1, followers)
    clock.now += 30
    first()
    follower.proved()
    count, seconds = measured(counters.PROVED, "publish")
    assert count == 2 and seconds == pytest.approx(62, abs=2)
