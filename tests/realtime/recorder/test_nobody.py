"""An event that nobody got is said once; one that somebody got, or may have got, never is."""

import asyncio
import logging
import time
import uuid
from types import SimpleNamespace

import pytest

from realtime import counters
from realtime.concurrency.process import process_id
from realtime.eventlog import Draft, event_log
from realtime.eventlog.memory import MemoryEventLog
from realtime.fanout.hub import running_hub
from realtime.protocol.hand_outs import HandOuts
from realtime.protocol.position import Position
from realtime.protocol.presence import PRESENCE_EVENT
from realtime.recorder import handed as handed_module
from realtime.recorder import nobody
from realtime.recorder.base import Following, Life, Process
from realtime.recorder.configured import recorder_backend
from realtime.recorder.memory import MemoryRecorder
from realtime.recorder.recorder import running_recorder
from realtime.recorder.verdict import Handed, Verdict, judge
from realtime.streams import Stream, register
from realtime.subscriptions.answering import running_answering

ALIVE = Process("a", "host", 1, "daphne", 0.0)
ENDED = Process("b", "host", 2, "daphne", 0.0, ended_at=1.0)
DIED = Process("c", "host", 3, "daphne", 0.0, ended_at=1.0, has_died=True)


@pytest.mark.parametrize(
    ("answers", "processes", "verdict"),
    [
        ({"me": "no", "a": "no"}, [ALIVE], Verdict.NOBODY),
        ({"me": "no", "a": "yes"}, [ALIVE], Verdict.RECEIVED),
        ({"a": "yes"}, [ALIVE, DIED], Verdict.RECEIVED),
        ({"me": "no", "a": "not yet"}, [ALIVE], Verdict.BEHIND),
        ({"me": "no"}, [ALIVE], Verdict.UNKNOWN),
        ({"me": "no"}, [DIED], Verdict.UNKNOWN),
        ({"me": "no"}, [ENDED], Verdict.NOBODY),
        ({"me": "no", "new": "yes"}, [], Verdict.RECEIVED),
        ({}, [], Verdict.UNKNOWN),
    ],
)
def test_only_what_all_have_answered_was_delivered_to_nobody(answers, processes, verdict):
    assert judge({name: Handed(one) for name, one in answers.items()}, processes, "me") is verdict


@pytest.fixture(autouse=True)
async def recorded(monkeypatch, settings, wall_clock):
    """A site that records, in virtual time; an answer may take the machine as long as it likes."""
    monkeypatch.setattr(handed_module, "BUDGET", 60)
    memory_recorder = {"BACKEND": "realtime.recorder.memory.MemoryRecorder"}
    settings.REALTIME = {**settings.REALTIME, "RECORDER": memory_recorder}
    event_log.cache_clear()
    recorder_backend.cache_clear()


async def watched(play, seconds=20):
    """Let a site with one process run for a while, in which ``play`` happens."""
    running_hub()
    running_answering()
    await asyncio.sleep(10)
    play()
    await asyncio.sleep(seconds)


def publish(*streams, name="call", **more):
    draft = Draft(uuid.uuid4().hex, name, "null", 1, **more)
    event_log().append(streams, draft, lambda events: None)
    return draft.id


def follow(stream, *, handed, selects=False):
    """Open a socket that follows a stream, and has been handed the event with offset 1, or not."""
    socket = SimpleNamespace(id=uuid.uuid4().hex[:12], proofs=None, latency=None, closed=None)
    running_recorder().opened(socket, "user.1", "")
    epoch, hand_outs = event_log().positions([stream])[stream].epoch, HandOuts()
    position = Position(epoch, 0)
    course = running_recorder().followed(
        socket.id, stream, position, None if selects else hand_outs
    )
    course.live(0, 0.0)
    if handed:
        hand_outs.add(1, 0.0)
    return socket.id


def said(caplog, text="delivered to nobody"):
    return [one.getMessage() for one in caplog.records if text in one.getMessage()]


async def test_it_is_said_once_with_all_that_helps_and_counted(caplog):
    ids = []
    await watched(lambda: ids.append(publish("user.7", "odd.1", origin="task ring")))
    about = "name=call streams=user.7:1,odd.1:1 task=ring"
    assert said(caplog) == [f"delivered to nobody event={ids[0]} {about}"]
    (record,) = [one for one in caplog.records if "to nobody" in one.getMessage()]
    assert (record.name, record.levelno) == ("realtime.recorder.nobody", logging.WARNING)
    counted = counters.DELIVERED_TO_NOBODY.read()
    assert counted == {"user": 1, "other": 1}


async def test_what_a_socket_was_handed_is_not_said(caplog):
    def play():
        follow("user.7", handed=True)
        publish("user.7")
        publish("user.8", "user.7", name="both")

    await watched(play)
    assert [line.rpartition("streams=")[2] for line in said(caplog)] == ["user.8:1"]


async def test_nobody_is_asked_about_what_a_socket_here_was_handed(caplog, monkeypatch):
    asked = []

    async def aask(kind, about, **options):
        asked.extend(place[0] for place in about["events"])
        return {}

    def play():
        follow("user.7", handed=True)
        publish("user.7")
        publish("user.8")

    monkeypatch.setattr(handed_module, "aask", aask)
    await watched(play)
    assert set(asked) == {"user.8"}


async def test_a_socket_that_is_behind_is_waited_for(caplog):
    def play():
        follow("user.7", handed=False)
        publish("user.7")

    await watched(play, nobody.PATIENCE - 1)
    assert said(caplog) == []
    await asyncio.sleep(3)
    assert len(said(caplog)) == 1


async def test_while_a_socket_is_behind_another_process_may_have_had_it(caplog):
    caplog.set_level(logging.INFO)

    def play():
        recorder_backend().write(ALIVE, 60, [], [])  # It does not answer.
        follow("user.7", handed=False)
        publish("user.7")

    await watched(play, nobody.PATIENCE + 5)
    assert said(caplog) == []
    assert len(said(caplog, "delivery unknown event=")) == 1


@pytest.mark.parametrize("handed", [True, False])
async def test_the_excluded_socket_did_not_get_it(caplog, handed):
    await watched(lambda: publish("user.7", exclude=follow("user.7", handed=handed)))
    assert len(said(caplog)) == 1


async def test_who_passes_over_an_event_does_not_miss_it(caplog):
    def play():
        follow("user.7", handed=False, selects=True)
        publish("user.7")

    await watched(play, nobody.PATIENCE + 5)
    assert said(caplog) == []


async def test_a_process_that_does_not_answer_leaves_it_open(caplog):
    caplog.set_level(logging.INFO)

    def play():
        recorder_backend().write(ALIVE, 60, [], [])
        publish("user.7")

    await watched(play)
    assert said(caplog) == []
    assert len(said(caplog, "delivery unknown event=")) == 1
    assert "silent=a" in said(caplog, "delivery unknown")[0]


async def test_an_answer_that_would_take_too_long_is_none(caplog, monkeypatch):
    monkeypatch.setattr(handed_module, "BUDGET", -1)
    caplog.set_level(logging.INFO)
    await watched(lambda: publish("user.7"))
    assert said(caplog) == []
    assert len(said(caplog, "delivery unknown event=")) == 1


async def test_what_a_process_has_handed_out_before_it_ended_is_not_said(caplog):
    def play():
        publish("user.7")
        epoch = event_log().positions(["user.7"])["user.7"].epoch
        now = time.time()
        handed = Following("user.7", epoch, now - 10, 0, 1, 0)
        life = Life("s", ALIVE.id, "user.7", "", now - 10, now + 1, followings=[handed])
        recorder_backend().write(ALIVE, 60, [], [life])
        recorder_backend().stop(ALIVE.id)

    await watched(play)
    assert said(caplog) == []


async def test_a_socket_that_ends_with_something_unproved_says_so(caplog):
    caplog.set_level(logging.INFO)
    sockets = []

    def play():
        publish("user.7")
        sockets.append(follow("user.7", handed=True))
        running_recorder().ended(sockets[0], 1006)
        running_recorder().ended(follow("user.8", handed=False), 1001)

    await watched(play, 0.1)
    about = f"socket={sockets[0]} stream=user.7 from=1 to=1"
    assert said(caplog, "ended unproved") == [f"ended unproved {about}"]


async def test_the_end_of_a_presence_concerns_nobody(caplog):
    await watched(lambda: publish("user.7", name=PRESENCE_EVENT))
    assert said(caplog) == []


async def test_a_stream_that_expects_no_followers_is_neither_said_nor_counted(caplog, monkeypatch):
    monkeypatch.setattr("realtime.streams.registry._registered", {})

    @register("quiet")
    class Quiet(Stream):
        expects_followers = False

    await watched(lambda: publish("quiet.1", "odd.1"))
    assert [line.rpartition("streams=")[2] for line in said(caplog)] == ["odd.1:1"]
    assert counters.DELIVERED_TO_NOBODY.read() == {"other": 1}


async def test_one_process_watches_and_the_next_goes_on_where_it_was(caplog):
    log = event_log()
    assert log.take_lease(nobody.TASK, "other", 60) == ""
    log.keep_lease(nobody.TASK, "other", 60, log.recent(None).cursor)
    await watched(lambda: publish("user.7"))
    assert said(caplog) == []
    log.keep_lease(nobody.TASK, "other", -1, log._leases[nobody.TASK][2])
    await asyncio.sleep(10)
    assert len(said(caplog)) == 1
    assert log.take_lease(nobody.TASK, "other", 1) is None, process_id()


async def test_the_note_of_another_log_is_not_gone_by(caplog):
    log = event_log()
    log.take_lease(nobody.TASK, "before the settings were changed", 0)
    log.keep_lease(nobody.TASK, "before the settings were changed", 0, '{"": "7"}')
    await watched(lambda: publish("user.7"))
    assert len(said(caplog)) == 1
    assert said(caplog, "deliveries not watched") == []


@pytest.mark.parametrize(
    ("store", "away"),
    [(MemoryEventLog, "recent"), (MemoryEventLog, "keep_lease"), (MemoryRecorder, "processes")],
)
async def test_a_store_that_is_away_is_one_line_and_costs_no_event(
    caplog, monkeypatch, store, away
):
    answer, until = getattr(store, away), []

    def answer_again_later(self, *args):
        if until and time.time() < until[0]:
            raise ConnectionError("away")
        return answer(self, *args)

    def play():
        publish("user.7")
        until.append(time.time() + 20)

    monkeypatch.setattr(store, away, answer_again_later)
    await watched(play, 60)
    assert len(said(caplog, "deliveries not watched reason=ConnectionError")) == 1
    assert len(said(caplog, "deliveries watched again")) == 1
    assert len(said(caplog)) == 1
