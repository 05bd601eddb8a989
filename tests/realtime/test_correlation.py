"""Who publishes: the innermost request, task, message or command, in whatever thread or task."""

import asyncio
import sys

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import get_user_model

from realtime import apublish, correlation, publish
from realtime.consumers import RealtimeConsumer
from realtime.correlation import (
    acting_as,
    current_origin,
    current_traceparent,
    log_field,
    read_request_id,
    read_traceparent,
)
from realtime.events import event_message
from realtime.models import Event
from realtime.streams import Stream, register
from realtime.testing import RealtimeCommunicator

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def table(db, settings):
    """The table of the events."""
    log = {"BACKEND": "realtime.eventlog.database.DatabaseEventLog"}
    settings.REALTIME = {**settings.REALTIME, "EVENT_LOG": log}
    return Event.objects


def origin():
    return str(current_origin())


def test_an_event_says_who_published_it(table):
    with acting_as("request", "5f3a9c", "POST /calls/12/answer", traceparent=TRACEPARENT):
        publish("news", "news")
    row = table.get()
    assert (row.origin, row.traceparent) == ("request 5f3a9c POST /calls/12/answer", TRACEPARENT)
    message = event_message("news", "news")
    assert message["origin"] == origin() != row.origin


def test_blocks_are_nested_and_restored():
    outside = origin()
    with acting_as("request", "1", "GET /", traceparent=TRACEPARENT):
        with pytest.raises(ZeroDivisionError), acting_as("task", "2", "calls.tasks.next"):
            assert (origin(), current_traceparent()) == ("task 2 calls.tasks.next", TRACEPARENT)
            raise ZeroDivisionError
        assert origin() == "request 1 GET /"
    assert (origin(), current_traceparent()) == (outside, None)


def test_it_goes_where_context_variables_go():
    async def tasks():
        with acting_as("request", "1"):
            one = asyncio.create_task(sync_to_async(origin)())
        with acting_as("request", "2"):
            two = asyncio.create_task(asyncio.to_thread(origin))
        return [await one, await two, origin()]

    with acting_as("command", "outer"):
        assert async_to_sync(tasks)() == ["request 1", "request 2", "command outer"]


def test_each_greenlet_has_its_own():
    gevent = pytest.importorskip("gevent")

    def work(number):
        with acting_as("request", number):
            gevent.sleep(0)  # The other one works meanwhile.
            return origin()

    greenlets = [gevent.spawn(work, number) for number in ("1", "2")]
    assert [greenlet.get() for greenlet in greenlets] == ["request 1", "request 2"]
    assert origin().startswith("process ")


@pytest.mark.parametrize("text", ["x\nforged request=1", "a b", "ü", "", "x" * 1000, "\ud800"])
def test_no_text_makes_another_word_or_line(text):
    with acting_as("request", text, f"GET /{text}"):
        found = origin()
    assert found.isprintable() and len(found) <= 200
    kind, id = log_field(found)
    assert kind == "request" and 0 < len(id) <= 64
    assert found.split(" ")[:3] == ["request", id, "GET"]


@pytest.mark.parametrize("kind", ["", "a job", "Job", "job=", "job\n"])
def test_a_kind_is_the_key_of_a_field(kind):
    with pytest.raises(ValueError, match="one word of small letters"), acting_as(kind, "1"):
        pass
    assert log_field(f"{kind} 1") in (None, ("a", "job"))


@pytest.mark.parametrize("text", ["x\n", "a b", "ü", "", None, "x" * 65, 'a"b', "a,b", "\x00"])
def test_an_id_of_a_client_is_one_short_word_or_none(text):
    assert read_request_id(text) is None


@pytest.mark.parametrize(
    "text", ["5f3a9c", "x" * 64, "1f2e3d4c-5b6a-7980-91a2-b3c4d5e6f708", "a=="]
)
def test_usual_ids_of_clients_are_taken(text):
    assert read_request_id(text) == text


SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (TRACEPARENT, TRACEPARENT),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"cc-{TRACE}-{SPAN}-ff-what-comes-later", f"00-{TRACE}-{SPAN}-03"),
        (f"cc-{TRACE}-{SPAN}-01", TRACEPARENT),
        (f"cc-{TRACE}-{SPAN}-01.later", None),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (TRACEPARENT.upper(), None),
        (f"{TRACEPARENT}\n", None),
        (f"{TRACEPARENT},{TRACEPARENT}", None),
        ("", None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_by_the_rules_of_w3c(header, taken):
    assert read_traceparent(header) == taken


@pytest.mark.parametrize(
    "text", ["", "request", "request ", "re quest", "1 2", "a b\n", "request ü x"]
)
def test_an_origin_of_others_may_be_anything(text):
    """It comes by the channel layer; without a word for a line there is no field."""
    assert log_field(text) in (None, ("re", "quest"))


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["manage.py", "simulate_call", "--fast"], "command simulate_call"),
        (["/x/bin/django-admin", "shell"], "command shell"),
        (["/x/django/__main__.py", "shell"], "command shell"),
        (["manage.py"], "process {pid} manage.py"),
        (["/x/bin/gunicorn", "site"], "process {pid} gunicorn"),
        (["/x/daphne/__main__.py"], "process {pid} daphne"),
        ([], "process {pid}"),
    ],
)
def test_the_program_counts_where_nothing_else_acts(argv, expected, monkeypatch):
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr("os.getpid", lambda: 4711)
    correlation._process.cache_clear()
    try:
        assert origin() == expected.format(pid=4711)
    finally:
        correlation._process.cache_clear()


def test_a_task_of_celery():
    celery = pytest.importorskip("celery")
    app = celery.Celery("desk")
    app.conf.task_always_eager = True
    task = app.task(name="calls.tasks.next")(origin)
    done = task.apply_async(task_id="8c1f")
    assert done.get() == "task 8c1f calls.tasks.next"
    assert task.apply_async(task_id="forged\nid").get() == "task forged%0Aid calls.tasks.next"
    assert task().startswith("process ")  # It was called as a function.
    with acting_as("request", "1"):
        assert task.apply_async().get() == "request 1"  # An eager task is part of its request.
    assert origin().startswith("process ")


def test_a_task_of_django():
    tasks = pytest.importorskip("django.tasks")
    found = []
    task = tasks.task(_note_origin)
    with acting_as("request", "1"):
        done = task.enqueue()
        found.append(origin())
    assert done.return_value == f"task {done.id} tests.realtime.test_correlation._note_origin"
    assert found == ["request 1"]


def _note_origin():
    return origin()


def test_the_current_span_of_opentelemetry_is_the_trace(table):
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    tracer = trace.TracerProvider().get_tracer("a test")
    with acting_as("request", "1", traceparent=TRACEPARENT):
        assert current_traceparent() == TRACEPARENT
        with tracer.start_as_current_span("answer") as span:
            publish("news", "news")
        assert current_traceparent() == TRACEPARENT
    made = span.get_span_context()
    traceparent = table.get().traceparent
    assert traceparent[:-2] == f"00-{made.trace_id:032x}-{made.span_id:016x}-"
    assert traceparent == read_traceparent(traceparent)
    assert int(traceparent[-2:], 16) & 1  # It is sampled.


class Asked(Stream):
    """Publishes what it is sent, in a thread and in the event loop."""

    prefix = "asked"

    def authorize(self, user):
        return True

    def receive(self, user, name, data):
        publish("news", name)


class AskedInALoop(Asked):
    prefix = "asked_in_a_loop"

    async def receive(self, user, name, data):
        await apublish("news", name)


@pytest.mark.django_db(transaction=True)
async def test_a_message_to_a_stream(monkeypatch, caplog):
    monkeypatch.setattr("realtime.streams.registry._registered", {})
    caplog.set_level("INFO")
    for stream in (Asked, AskedInALoop):
        register(stream.prefix, stream)
    user = get_user_model()(pk=7, username="alice")
    async with RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=user, timeout=5) as socket:
        for prefix in ("asked", "asked_in_a_loop"):
            await socket.subscribe(f"{prefix}.1", timeout=5)
            await socket.send(f"{prefix}.1", "note", timeout=5)
        id = socket.welcome["socket"]
    records = [record for record in caplog.records if record.name.startswith("realtime.")]
    lines = [record.getMessage() for record in records]
    assert len([line for line in lines if line.endswith(f"streams=news socket={id}")]) == 2
    # The hint that no class serves "news" has none; it is there if no earlier test has had it.
    fields = [record.realtime for record in records if hasattr(record, "realtime")]
    origins = [field["origin"] for field in fields if field["what"] == "publish"]
    assert origins == [f"socket {id} user.7"] * 2
    assert lines[-1] == f"disconnected socket={id}"
