"""What a load balancer is answered: whether a process lives, and whether it can serve."""

import asyncio
import json
import threading

import pytest
from django.test import RequestFactory

from realtime.contrib.health import checks, live, ready
from realtime.counters import THREADS_BUSY
from realtime.eventlog import event_log
from realtime.fanout.hub import running_hub
from realtime.sockets.drain import running_drain
from tests.processes.waiting import until
from tests.virtual_time import elapsed

# A thread that served a test before may have a connection, whose age it asks for.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log():
    return event_log()


async def asked(view=ready, **options):
    """Return the status and the body of an answer."""
    response = await view(RequestFactory().get("/"), **options)
    assert "no-store" in response.headers["Cache-Control"]
    return response.status_code, json.loads(response.content)


ALL_UP = {"ready": True, "log": "up", "layer": "up", "process": "up"}


async def test_a_process_lives_whatever_else_is_down(settings):
    settings.CHANNEL_LAYERS = {}
    assert await asked(live) == (200, {"live": True})


async def test_a_process_is_ready_with_a_hub_and_before_it_has_one():
    assert await asked() == (200, ALL_UP)
    hub = running_hub()
    await until(lambda: hub.is_layer_up, 5, "the layer was probed")
    assert await asked() == (200, ALL_UP)


async def test_a_site_that_keeps_no_events_has_no_log_to_be_down(settings):
    settings.REALTIME = {"EVENT_LOG": None}
    assert await asked() == (200, {**ALL_UP, "log": "off"})


async def test_a_log_that_fails_makes_a_process_unready(log, monkeypatch, caplog):
    def positions(streams):
        raise ConnectionError("the database is away")

    monkeypatch.setattr(log, "positions", positions)
    assert await asked() == (503, {**ALL_UP, "ready": False, "log": "down"})
    assert "not ready part=log error=ConnectionError('the database is away')" in caplog.text


async def test_a_log_that_hangs_is_down_in_time_and_holds_up_one_thread_alone(log, monkeypatch):
    goes_on, asked_for = threading.Event(), []

    def positions(streams):
        asked_for.append(streams)
        goes_on.wait(10)
        return {}

    monkeypatch.setattr(log, "positions", positions)
    monkeypatch.setattr(checks, "WITHIN", 0.1)
    answers = await asyncio.gather(asked(), asked(), asked())
    assert elapsed() < 2
    assert {status for status, _ in answers} == {503}
    assert (await asked())[1]["log"] == "down"
    assert len(asked_for) == 1
    goes_on.set()
    await until(lambda: THREADS_BUSY.read()["log"] == 0, 5, "the thread is free again")
    assert await asked() == (200, ALL_UP)


async def test_a_layer_that_is_down_makes_a_process_unready_unless_it_is_not_needed(monkeypatch):
    hub = running_hub()
    monkeypatch.setattr(type(hub), "is_layer_up", False)
    assert await asked() == (503, {**ALL_UP, "ready": False, "layer": "down"})
    assert await asked(needs=("log", "process")) == (200, {**ALL_UP, "layer": "down"})


async def test_without_a_layer_no_process_is_ready(settings):
    settings.CHANNEL_LAYERS = {}
    assert await asked() == (503, {**ALL_UP, "ready": False, "layer": "down"})


async def test_a_process_that_drains_is_ready_no_more_and_lives():
    await running_drain().start()
    assert await asked() == (503, {**ALL_UP, "ready": False, "process": "draining"})
    assert await asked(live) == (200, {"live": True})
