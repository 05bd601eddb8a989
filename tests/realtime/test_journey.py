"""What the journey of an event says, from facts that are made up here; times are in seconds."""

import json
from dataclasses import replace

import pytest

from realtime.eventlog.entries import LogEntry
from realtime.journey import Outcome, journey_of, to_json
from realtime.journey_text import MAX_SOCKETS, Words, text, verdict
from realtime.recorder.base import EndedBy, Following, Life, Process, Step
from realtime.recorder.facts import Facts

EVENT = LogEntry(
    *("user.2", "e", 7, "id7", "call.state", 100.0, 100.001, 100.002),
    key="call.2.1",
    origin="POST /webhooks/voice",
)
SERVER = Process("p1", "web", 812, "daphne 4", 0.0)
OTHER = Process("p2", "web", 813, "daphne 4", 0.0)
NAMES = {"user.1": "alice", "user.2": "bob"}
WORDS = Words(lambda at: f"{at:.3f}", NAMES)


def following(since=10.0, after=0, handed=6, proved=6, until=None, steps=(), epoch="e"):
    return Following("user.2", epoch, since, after, handed, proved, until, steps)


def had(proved=True, at=100.003, replay=False, **about):
    step = Step(7, at, at + 0.01 if proved else None, replay)
    return following(
        handed=7, proved=7 if proved else 6, steps=(Step(6, 50.0, 50.1), step), **about
    )


def life(name, *followings, opened=10.0, user="user.2", ended=None, process="p1", pong=98.0):
    at, by, code = ended or (None, None, None)
    about = {"ended_at": at, "ended_by": by, "code": code, "proved_at": pong}
    return Life(name, process, user, "Firefox", opened, followings=followings, **about)


def journey(*lives, entry=EVENT, silent=()):
    return journey_of(Facts(entry, lives, {"p1": SERVER, "p2": OTHER}, frozenset(silent)))


STALE = 109.0, EndedBy.SERVER, 4408
LEFT = 90.0, EndedBy.CLIENT, 1001
CRASH = 105.0, EndedBy.PROCESS, None

SOCKETS = {
    Outcome.PROVED: (life("a", had()), "handed 100.003, proved 100.013"),
    Outcome.HANDED: (life("a", had(proved=False)), "handed 100.003, no proof yet"),
    Outcome.LOST: (
        life("a", had(proved=False), ended=STALE),
        "handed 100.003, never proved: gone stale at 109.000 (4408), last pong 98.000",
    ),
    Outcome.HELD_BACK: (
        life("a", following(handed=5, proved=3)),
        "held back: handed up to offset 5, proved up to 3",
    ),
    Outcome.GONE: (
        life("a", following(), ended=LEFT),
        "ended by the client at 90.000 (1001), before the event",
    ),
    Outcome.DIED: (
        life("a", following(handed=0, proved=0), ended=CRASH),
        "its process died by 105.000, what it was handed since it opened is lost",
    ),
    Outcome.NOT_SUBSCRIBED: (life("a"), "open since 10.000, did not follow the stream"),
    Outcome.NOT_SELECTED: (
        life(
            "a", replace(following(handed=9, steps=(Step(6, 50.0), Step(9, 101.0))), selects=True)
        ),
        "follows, and its class or its filter did not select the event",
    ),
    Outcome.LATER: (
        life("a", following(since=120.0, after=7, handed=7, proved=7), opened=119.0),
        "followed from 120.000, from a position after the event",
    ),
    Outcome.OTHER_EPOCH: (
        life("a", following(epoch="old")),
        "followed another epoch of the stream, from 10.000",
    ),
    Outcome.UNKNOWN: (
        life("a", following(), process="p2"),
        "its process did not answer; open since 10.000",
    ),
}


def test_a_process_that_had_died_before_had_nothing_of_it():
    found = journey(life("a", following(), ended=(99.0, EndedBy.PROCESS, None)))
    assert "its process died by 99.000, before the event" in text([found], WORDS)


@pytest.mark.parametrize("outcome", SOCKETS)
def test_each_socket_has_an_outcome_and_a_sentence(outcome):
    one, sentence = SOCKETS[outcome]
    found = journey(one, silent=["p2"])
    assert [story.outcome for story in found.stories] == [outcome]
    process = "web/813" if outcome is Outcome.UNKNOWN else "web/812"
    assert f"  bob  a  {process}  {sentence}\n" in text([found], WORDS) + "\n"


def test_an_excluded_socket_is_left_out():
    found = journey(life("a", had()), entry=replace(EVENT, exclude="a"))
    assert "left out: the publisher excluded this socket" in text([found], WORDS)
    assert verdict([found], WORDS).startswith("Delivered to nobody: only the excluded socket")


def test_a_page_that_was_gone_is_followed_to_where_it_came_back():
    """The sentence of the story: a cable was cut, and the event came by replay."""
    alice = life("a", had(), user="user.1")
    cut = life("b", had(proved=False), ended=STALE, pong=91.0)
    back = life("c", had(at=121.0, replay=True, since=120.5, after=6), opened=120.0)
    found = journey(alice, cut, back)
    assert verdict([found], WORDS) == (
        "Delivered to 2 sockets, proved by 1; bob was gone from 91.000 to 120.000 and got it by "
        "replay at 121.000."
    )
    shown = text([found], WORDS)
    assert "c  web/812  opened 120.000, replayed 121.000, proved 121.010" in shown
    assert "last pong 91.000; came back as c" in shown


def test_one_who_was_gone_before_and_came_back_got_it_by_replay():
    cut = life("b", following(), ended=(95.0, EndedBy.SERVER, 4408), pong=80.0)
    back = life("c", had(at=121.0, replay=True, since=120.5, after=6), opened=120.0)
    assert verdict([journey(cut, back)], WORDS) == (
        "Delivered to nobody when it came; bob was gone from 80.000 to 120.000 and got it by "
        "replay at 121.000."
    )


@pytest.mark.parametrize(
    ("back", "says"),
    [
        (None, "bob was gone from 91.000 and has not come back."),
        (
            life("c", following(since=120.5, after=9, handed=9), opened=120.0),
            "bob was gone from 91.000 to 120.000 and then began with a position after it.",
        ),
        (
            life("c", following(since=120.5, after=6), opened=120.0),
            "bob was gone from 91.000 to 120.000 and has not got it (held back).",
        ),
    ],
)
def test_what_became_of_one_who_was_gone(back, says):
    cut = life("b", had(proved=False), ended=STALE, pong=91.0)
    lives = [cut] if back is None else [cut, back]
    assert verdict([journey(*lives)], WORDS) == f"Delivered to 1 socket, proved by 0; {says}"


def test_a_page_that_lost_its_connection_several_times_has_one_sentence():
    before = [
        life("a", following(), ended=(80.0, EndedBy.CLIENT, 1006), pong=70.0),
        life(
            "b", following(since=81.0), opened=81.0, ended=(90.0, EndedBy.CLIENT, 1006), pong=85.0
        ),
    ]
    after = [
        life(
            "c",
            following(since=120.5, after=6),
            opened=120.0,
            ended=(125.0, EndedBy.SERVER, 4408),
            pong=121.0,
        ),
        life("d", had(at=131.0, replay=True, since=130.5, after=6), opened=130.0),
    ]
    assert verdict([journey(*before, *after)], WORDS) == (
        "Delivered to nobody when it came; bob was gone from 90.000 to 130.000 and got it by "
        "replay at 131.000."
    )
    assert verdict([journey(*before)], WORDS) == (
        "Delivered to nobody: the sockets that had followed the stream had ended."
    )


def test_two_pages_of_a_user_each_come_back_once():
    cut = [life(name, had(proved=False), ended=STALE, pong=91.0) for name in ("a", "b")]
    back = [
        life(name, had(at=121.0, replay=True, since=120.5, after=6), opened=120.0)
        for name in ("c", "d")
    ]
    assert [one.came_back for one in journey(*cut, *back).stories] == ["c", "d", None, None]


def test_nobody_is_said_with_the_reason():
    assert verdict([journey()], WORDS) == "Delivered to nobody: no socket followed the stream."
    assert verdict([journey(life("a"))], WORDS) == (
        "Delivered to nobody: the user's sockets did not follow the stream."
    )


def test_a_process_that_did_not_answer_leaves_the_verdict_open():
    said = verdict([journey(life("a", had()), silent=["p2"])], WORDS)
    assert said == (
        "Delivered to 1 socket, proved by 1; 1 process did not answer, so more may have it."
    )


def test_nobody_is_not_said_where_it_is_not_known():
    died = life("a", following(), ended=CRASH)
    assert verdict([journey(died)], WORDS).startswith(
        "Not known to be delivered: the process of the socket died; "
    )
    assert verdict([journey(silent=["p2"])], WORDS) == (
        "Not known to be delivered: no socket followed the stream; "
        "1 process did not answer, so more may have it."
    )


def test_what_was_selected_long_ago_is_no_longer_known():
    steps = tuple(Step(2 * n, 100.0, 100.1) for n in range(5, 60))
    selecting = replace(following(handed=118, proved=118, steps=steps), selects=True)
    found = journey(life("a", selecting))
    assert [story.outcome for story in found.stories] == [Outcome.FORGOTTEN]
    assert verdict([found], WORDS).startswith("Not known to be delivered: what was selected from")
    assert "whether the event was selected for it is no longer known" in text([found], WORDS)


def test_an_event_without_an_offset_is_nowhere_yet():
    found = journey(life("a", following()), entry=replace(EVENT, offset=None, numbered_at=None))
    assert verdict([found], WORDS) == "Committed, and not numbered yet: no socket can have it."
    assert "user.2: not numbered yet" in text([found], WORDS)


def test_a_socket_that_follows_two_streams_of_an_event_counts_once():
    other = replace(EVENT, stream="room.1", offset=3)
    room = Following("room.1", "e", 10.0, 0, 3, 3, None, (Step(3, 100.003, 100.01),))
    found = journey(life("a", room), entry=other)
    assert verdict([journey(life("a", had())), found], WORDS) == (
        "Delivered to 1 socket, proved by 1."
    )


def test_hundreds_of_sockets_are_summed_up_but_those_without_a_proof_are_shown():
    many = [life(f"s{number:03}", had(), user=f"user.{number}") for number in range(300)]
    lost = life("lost", had(proved=False), ended=STALE)
    found = journey(*many[:200], lost, *many[200:])
    shown = text([found], WORDS)
    assert "lost" in shown
    assert f"... and {301 - MAX_SOCKETS} more sockets ({301 - MAX_SOCKETS} proved); --all" in shown
    assert len(shown.splitlines()) < 24
    assert len(text([found], WORDS, show_all=True).splitlines()) > 300


def test_json_has_all_of_it():
    found = journey(life("a", had()), silent=["p2"])
    said = json.loads(json.dumps(to_json([found], verdict([found], WORDS))))
    (stream,) = said["streams"]
    assert (stream["event"], stream["offset"], stream["origin"]) == ("id7", 7, EVENT.origin)
    (socket,) = stream["sockets"]
    assert (socket["outcome"], socket["handed_at"], socket["pid"]) == ("proved", 100.003, 812)
    assert stream["silent_processes"] == ["p2"]
