"""The set of a stream's followers: some live, some waiting to be."""

import json
from dataclasses import replace

import pytest

from realtime.eventlog import Draft, LoggedEvent
from realtime.fanout.followers import Followers
from realtime.layer.messages import EphemeralEvent
from realtime.protocol.position import Position
from tests.realtime.fanout.recording_follower import RecordingFollower


def event(offset, exclude=None):
    draft = Draft("id", "n", str(offset), 1, exclude=exclude)
    return LoggedEvent.of(draft, "user.1", "e", offset)


def ephemeral(data, exclude=None):
    return EphemeralEvent("user.1", "id", "n", json.dumps({"data": data}), exclude)


@pytest.fixture
def followers():
    return Followers()


@pytest.fixture
def live(followers):
    follower = RecordingFollower()
    followers.add(follower)
    followers.go_live(follower)
    return follower


@pytest.fixture
def waiting(followers):
    follower = RecordingFollower()
    followers.add(follower)
    return follower


def test_events_of_the_log_go_to_those_that_are_live(followers, live, waiting):
    followers.deliver(event(1))
    assert (live.got, waiting.got) == ([1], [])
    assert followers.live == 1


def test_a_receipt_is_asked_of_those_that_could_take_the_event(followers, live, waiting):
    full, selecting = RecordingFollower(), RecordingFollower(selects=True)
    for follower in (full, selecting):
        followers.add(follower)
        followers.go_live(follower)
    full.is_full = True
    followers.deliver(replace(event(1), wants_receipt=True))
    assert (live.got, full.got, waiting.got) == ([1, "receipt"], [("behind", 0)], [])
    assert selecting.got == [(1, 1)], "what it selects, it asks for itself"
    followers.deliver(event(2))
    assert live.got == [1, "receipt", 2]


def test_ephemeral_events_go_to_all(followers, live, waiting):
    followers.deliver_ephemeral(ephemeral("typing"), Position("e", 1))
    assert live.got == waiting.got == ["typing"]


def test_one_that_can_take_no_more_catches_up_from_before_that_event(followers, live):
    live.is_full = True
    followers.deliver(event(8))
    followers.deliver(event(9))
    assert live.got == [("behind", 7)]
    assert followers.live == 0


def test_an_ephemeral_event_is_kept_for_one_that_can_take_no_more(followers, live):
    live.is_full = True
    followers.deliver_ephemeral(ephemeral("typing"), Position("e", 7))
    assert live.got == [("behind", 7), "typing"]
    assert followers.live == 0


def test_all_that_are_live_can_be_set_back(followers, live, waiting):
    followers.set_back(Position("e", 3))
    assert (live.got, waiting.got) == ([("behind", 3)], [])
    followers.go_live(live)
    followers.deliver(event(4))
    assert live.got == [("behind", 3), 4]


def test_after_a_reset_nobody_is_live(followers, live, waiting):
    followers.reset()
    followers.deliver(event(1))
    assert live.got == waiting.got == ["reset"]


def test_removing_tells_when_it_was_the_last_one(followers, live, waiting):
    assert not followers.remove(live)
    assert not followers.remove(live)
    assert followers.remove(waiting)
    assert not followers.remove(waiting)


def test_one_that_removes_itself_on_delivery_harms_nobody(followers, live):
    class Leaving(RecordingFollower):
        def deliver(self, message, size):
            followers.remove(self)
            return False

    leaving, after = Leaving(), RecordingFollower()
    for follower in (leaving, after):
        followers.add(follower)
        followers.go_live(follower)
    followers.deliver(event(1))
    followers.deliver_ephemeral(ephemeral("typing"), Position("e", 1))
    assert leaving.got == []
    assert live.got == after.got == [1, "typing"]


@pytest.fixture
def selective(followers):
    follower = RecordingFollower(selects=True)
    followers.add(follower)
    followers.go_live(follower)
    return follower


def test_one_that_selects_takes_what_is_delivered_to_the_others(followers, live, selective):
    followers.deliver(event(1))
    followers.deliver_ephemeral(ephemeral("typing"), Position("e", 1))
    assert live.got == [1, "typing"]
    assert selective.got == [(1, 1), (None, "typing")]
    assert followers.live == 2


def test_one_that_selects_and_is_full_catches_up_after_the_event(followers, selective):
    selective.is_full = True
    followers.deliver(event(8))
    followers.deliver(event(9))
    assert selective.got == [("behind", 8)]
    assert followers.live == 0


def test_one_that_selects_is_set_back_reset_and_removed_as_the_others_are(followers, selective):
    followers.set_back(Position("e", 3))
    followers.go_live(selective)
    followers.reset()
    assert selective.got == [("behind", 3), "reset"]
    followers.go_live(selective)
    assert followers.remove(selective)
    assert followers.live == 0


def test_an_event_goes_to_all_but_the_socket_that_it_is_not_for(followers):
    sender, other = RecordingFollower("sender"), RecordingFollower("other")
    for follower in (sender, other):
        followers.add(follower)
        followers.go_live(follower)
    followers.deliver(event(5, exclude="sender"))
    followers.deliver_ephemeral(ephemeral("typing", exclude="sender"), Position("e", 5))
    followers.deliver(event(6))
    assert sender.got == [("skip", 5), 6]
    assert other.got == [5, "typing", 6]
