"""The command, on a log and records in memory: what it finds, what it prints, what it refuses."""

import asyncio
import io
import json
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from realtime.concurrency import process
from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.process import process_id
from realtime.eventlog import Draft, event_log
from realtime.fanout.hub import running_hub
from realtime.recorder.base import EndedBy, Following, Life, Process, Step
from realtime.recorder.configured import recorder_backend
from realtime.recorder.wire import life_to_json

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = Path(__file__).parents[2] / "docs/journey.md"
ID = "43b640e8c52b4a3c8d4c0a3f5b0f6d11"
DEAD = Process("dead", "web2", 4711, "uvicorn 0.38", 0.0, ended_at=None)


@pytest.fixture(autouse=True)
def in_memory(settings):
    recorder = {"BACKEND": "realtime.recorder.memory.MemoryRecorder"}
    settings.REALTIME = {**settings.REALTIME, "RECORDER": recorder}
    event_log.cache_clear()
    recorder_backend.cache_clear()
    settings.TIME_ZONE = "UTC"


@pytest.fixture
def users():
    make = get_user_model().objects.create_user
    return [make(name, pk=pk) for name, pk in (("alice", 1), ("bob", 2))]


@pytest.fixture
def open_lives(monkeypatch):
    """The lives of sockets that are open in this process, whose hub runs meanwhile."""
    # Other tests have used up the name that the first loop of a process gets.
    monkeypatch.setattr(process, "_of_loops", PerLoop(process.whole_process_id))
    lives, is_up, must_stop = [], threading.Event(), threading.Event()

    async def serve():
        running_hub().answer(
            "lives", lambda about: [life_to_json(one) for one in lives if _is_asked(one, about)]
        )
        await asyncio.sleep(0.05)
        is_up.set()
        await asyncio.to_thread(must_stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    is_up.wait(5)
    yield lives
    must_stop.set()
    thread.join()


def _is_asked(life, about):
    if about["user"] is not None:
        return life.user == about["user"]
    return any(one.stream == about["stream"] for one in life.followings)


def publish(*streams, id=ID, name="call.state", key="call.2.1", origin=None):
    draft = Draft(id, name, "null", int(time.time() * 1000 - 4), key, origin=origin)
    event_log().append(streams, draft, lambda events: None)


def following(stream, since, after=0, handed=0, proved=0, steps=()):
    epoch = event_log().positions([stream])[stream].epoch
    return Following(stream, epoch, since, after, handed, proved, None, steps)


def told(*arguments):
    out = io.StringIO()
    call_command("realtime_journey", *arguments, stdout=out)
    return out.getvalue()


def story(open_lives):
    """What the page shows: alice has it, and bob was gone when it came."""
    publish("user.1", "user.2", origin="POST /webhooks/voice/")
    now = time.time()
    alive = Process(process_id(), "web1", 812, "daphne 4.2", 0.0)
    step = Step(1, now + 0.003, now + 0.02)
    replay = Step(1, now + 19.002, now + 19.01, is_replay=True)
    open_lives += [
        _life("7a54ee8bfa68", "user.1", now - 50, following("user.1", now, 0, 1, 1, [step])),
        _life("d1d8d9e82db9", "user.2", now + 18, following("user.2", now, 0, 1, 1, [replay])),
    ]
    gone = _life(
        *("21003c3df7da", "user.2", now - 40, following("user.2", now - 40)),
        **{"ended_at": now - 3, "code": 4408, "ended_by": EndedBy.SERVER, "proved_at": now - 21},
    )
    recorder_backend().write(alive, 60, open_lives, [gone])


def _life(socket, user, opened, *followings, **about):
    return Life(socket, process_id(), user, "Firefox", opened, followings=followings, **about)


def without_times(text):
    return re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", text).strip()


def test_the_page_shows_what_the_command_prints(users, open_lives):
    story(open_lives)
    shown = re.findall(
        r"```text\n\$ manage.py realtime_journey \w+\n(.*?)```", PAGE.read_text(), re.S
    )
    assert [without_times(one) for one in shown] == [without_times(told(ID))]


def test_an_event_is_found_by_its_key_its_stream_and_its_user(users, open_lives):
    story(open_lives)
    now = time.strftime("%H:%M:%S", time.gmtime())
    of_bob = told("--user", "bob", "--at", now)
    assert of_bob == told("--user", "2", "--at", now)
    assert of_bob.startswith("Delivered to nobody when it came; bob was gone from ")
    assert "alice" not in of_bob
    assert told("--key", "call.2.1") == told(ID)
    of_alice = json.loads(told("--stream", "user.1", "--at", now, "--json"))
    (event,) = of_alice["events"]
    assert event["verdict"] == "Delivered to 1 socket, proved by 1."
    assert [one["socket"] for one in event["streams"][0]["sockets"]] == ["7a54ee8bfa68"]


def test_who_came_back_much_later_is_known(users, open_lives):
    publish("user.2")
    now = time.time()
    open_lives.append(
        _life("new", "user.2", now + 900, following("user.2", now + 901, after=5, handed=5))
    )
    gone = _life("old", "user.2", now - 40, following("user.2", now - 40))
    ended = {"ended_at": now - 3, "code": 4408, "ended_by": EndedBy.SERVER}
    alive = Process(process_id(), "web1", 812, "daphne 4.2", 0.0)
    recorder_backend().write(alive, 60, open_lives, [replace(gone, **ended)])
    verdict = told(ID).splitlines()[0]
    assert verdict.endswith("and then began with a position after it.")


def test_of_several_events_each_has_a_line_and_the_nearest_is_shown(users):
    publish("room.1", id="a" * 32, key=None)
    time.sleep(0.002)
    publish("room.1", id="b" * 32, key=None, name="later")
    text = told("--stream", "room.1", "--at", time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()))
    assert text.startswith("2 events around that time:\n")
    assert text.count("Delivered to nobody: no socket followed the stream.") == 3
    assert re.search(r"call.state a{32} room.1: .*\n.*later b{32} room.1: ", text)


def test_a_process_that_does_not_answer_is_said(users):
    publish("user.2")
    before = time.time() - 9
    open_then = replace(_life("s", "user.2", before, following("user.2", before)), process="dead")
    recorder_backend().write(DEAD, 60, [open_then], [])
    text = told(ID)
    assert "1 process did not answer, so more may have it" in text.splitlines()[0]


@pytest.mark.parametrize("sockets", [1, 30])
def test_its_queries_do_not_grow_with_the_log_or_the_sockets(
    settings, users, sockets, django_assert_max_num_queries
):
    database = {"BACKEND": "realtime.eventlog.database.DatabaseEventLog"}
    recorder = {"BACKEND": "realtime.recorder.database.DatabaseRecorder"}
    settings.REALTIME = {"EVENT_LOG": database, "RECORDER": recorder}
    publish("room.1", "room.2")
    now = time.time()
    step = [Step(1, now, now + 0.01)]
    ended = [
        replace(
            _life(f"s{number}", "user.1", now - 9, following("room.1", now - 9, 0, 1, 1, step)),
            ended_at=now + 1,
            code=1001,
            ended_by=EndedBy.CLIENT,
        )
        for number in range(sockets)
    ]
    recorder_backend().write(DEAD, 60, [], ended)
    recorder_backend().stop("dead")
    with django_assert_max_num_queries(20):
        text = told(ID)
    assert text.startswith(f"Delivered to {sockets} socket")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Name an event's id, or --key, or --stream or --user with --at."),
        (["abc", "--key", "k"], "Name an event's id, or --key"),
        (["abc"], "The log has no event with the id 'abc'."),
        (["--key", "k"], "The log has no event with the key 'k'."),
        (["--stream", "room.1"], "--at goes with --stream or --user"),
        (["--key", "k", "--at", "12:00"], "--at goes with --stream or --user"),
        (["--stream", "room.1", "--at", "noon"], "'noon' is no time: write 14:03"),
        (["--stream", "room.1", "--at", "25:00"], "'25:00' is no time"),
        (["--stream", "room.1", "--at", "2026-13-01"], "'2026-13-01' is no time"),
        (["--stream", "room.1", "--at", "2999-01-01 10:00"], "is in the future: it is "),
        (["--stream", "room.1", "--at", "2020-01-01 10:00"], "The log has no event of room.1 betw"),
        (["--stream", "a b", "--at", "2020-01-01 10:00"], "A stream's name is 1 to 80 letters"),
        (["--user", "carol", "--at", "2020-01-01 10:00"], "There is no user 'carol'"),
        (["--user", "bob", "--at", "2020-01-01 10:00"], "no event of 'bob', who had no socket"),
    ],
)
def test_what_can_not_be_answered_is_a_sentence_and_an_exit_code(users, arguments, says):
    with pytest.raises(CommandError, match=re.escape(says)) as refused:
        told(*arguments)
    assert refused.value.returncode == 1


@pytest.mark.parametrize("off", ["EVENT_LOG", "RECORDER"])
def test_what_is_switched_off_is_said(settings, off):
    settings.REALTIME = {**settings.REALTIME, off: None if off == "EVENT_LOG" else False}
    with pytest.raises(CommandError, match=off):
        told("abc")
