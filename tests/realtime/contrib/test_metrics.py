"""What Prometheus is shown: by the view for all processes of a host, by a registry for one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from realtime import counters
from realtime.concurrency.process import whole_process_id
from realtime.contrib.metrics import MetricsView, RealtimeCollector, processes
from realtime.contrib.metrics.processes import KnownProcesses, birth
from realtime.fanout.hub import running_hub


def shown(collector):
    """Return the samples that Prometheus reads of a collector: values by name and labels."""
    registry = CollectorRegistry()
    registry.register(collector)
    return samples(generate_latest(registry).decode())


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(token=None, **headers):
    request = RequestFactory().get("/metrics", headers=headers)
    return await MetricsView.as_view(token=token)(request)


@pytest.fixture(autouse=True)
def nobody_known(monkeypatch):
    monkeypatch.setattr(processes, "_known", KnownProcesses(birth))
    monkeypatch.setattr(processes, "ANSWER_WITHIN", 0.2)


def test_a_registry_shows_this_process_without_a_label_for_it():
    counters.SOCKETS_CLOSED.add("stale", 2)
    counters.LATENCY.add(0.02)
    counters.LATENCY.add(100)
    found = shown(RealtimeCollector())
    assert found["realtime_sockets_closed_total", ("reason", "stale")] == 2
    assert found["realtime_latency_seconds_bucket", ("le", "0.01")] == 0
    assert found["realtime_latency_seconds_bucket", ("le", "0.025")] == 1
    assert found["realtime_latency_seconds_bucket", ("le", "8.0")] == 1
    assert found["realtime_latency_seconds_bucket", ("le", "+Inf")] == 2
    assert found["realtime_latency_seconds_count",] == 2
    assert found["realtime_latency_seconds_sum",] == pytest.approx(100.02)


def test_what_never_happened_is_0_so_that_its_first_time_is_a_change():
    found = shown(RealtimeCollector())
    assert found["realtime_holes_repaired_total",] == 0
    assert found["realtime_latency_seconds_count",] == 0


def test_a_label_tells_processes_apart_and_one_that_is_silent_is_shown():
    counters.RESETS.add()
    counters.SOCKETS_CLOSED.add("stale")
    mine = counters.read_all()
    counters.RESETS.add()
    found = shown(RealtimeCollector({"a": mine, "b": counters.read_all(), "c": None}))
    assert found["realtime_resets_total", ("process", "a")] == 1
    assert found["realtime_resets_total", ("process", "b")] == 2
    assert found["realtime_sockets_closed_total", ("process", "a"), ("reason", "stale")] == 1
    up = {key[1][1]: value for key, value in found.items() if key[0] == "realtime_process_up"}
    assert up == {"a": 1, "b": 1, "c": 0}
    assert ("realtime_resets_total", ("process", "c")) not in found


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"realtime_of_tomorrow": {"": 1}},
        {"realtime_latency_seconds": {"": [1, 2, 3.0]}},
        {"realtime_latency_seconds": {"": "many"}},
        {"realtime_latency_seconds": {"": ["1"] * 15}},
        {"realtime_sockets_closed_total": {"stale": [1]}},
    ],
)
def test_counts_that_another_version_has_otherwise_are_left_out(values):
    found = shown(RealtimeCollector({"a": {**values, "realtime_resets_total": {"": 2}}}))
    assert found["realtime_process_up", ("process", "a")] == 1
    assert found["realtime_resets_total", ("process", "a")] == 2
    assert set(found.values()) == {0, 1, 2}


async def test_alone_without_a_hub_a_process_shows_itself():
    counters.RESETS.add()
    response = await scrape()
    found = samples(response.content.decode())
    assert found["realtime_resets_total", ("process", whole_process_id())] == 1
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in response.headers["Cache-Control"]


async def test_a_hub_answers_for_its_process_once_and_only_on_its_own_host(monkeypatch):
    running_hub()
    counters.RESETS.add()
    found = samples((await scrape()).content.decode())
    assert found["realtime_resets_total", ("process", whole_process_id())] == 1
    answers = []
    hub = running_hub()._questions._answerers["counts"]
    for host in (os.uname().nodename, "another", None):
        answers.append(hub({"host": host}) is not None)
    assert answers == [True, False, False]


async def test_the_format_is_the_one_that_prometheus_asks_for():
    response = await scrape(Accept="application/openmetrics-text; version=1.0.0")
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    ("token", "header", "status"),
    [
        ("secret", "Bearer secret", 200),
        ("secret", "Bearer another", 403),
        ("secret", "Bearer ", 403),
        ("secret", "Basic secret", 403),
        ("secret", "", 403),
        ("sécret", "Bearer sécret", 200),
        ("", "Bearer ", 403),
        ("", "", 403),
        (None, "", 200),
    ],
)
async def test_only_those_with_the_token_may_see(token, header, status):
    assert (await scrape(token, Authorization=header)).status_code == status


def test_a_view_without_a_word_about_its_token_is_a_mistake():
    with pytest.raises(ImproperlyConfigured, match="token"):
        MetricsView.as_view()


@pytest.fixture
def clock():
    return [0.0]


def test_a_process_is_silent_as_long_as_it_runs_and_has_ended_after_that(clock):
    running = {1: "born", 2: "born"}
    known = KnownProcesses(running.get, lambda: clock[0])
    assert known.silent({"a": 1, "b": 2}) == []
    assert known.silent({"a": 1}) == ["b"]
    clock[0] += 7200.0
    assert known.silent({"a": 1}) == ["b"]
    del running[2]
    assert known.silent({"a": 1}) == []
    assert known.silent({}) == ["a"]


def test_another_process_with_the_number_of_one_that_has_ended_is_not_taken_for_it(clock):
    running = {1: "yesterday"}
    known = KnownProcesses(running.get, lambda: clock[0])
    assert known.silent({"a": 1}) == []
    running[1] = "today"
    assert known.silent({}) == []


def test_where_nobody_knows_which_process_has_a_number_a_silent_one_leaves_after_a_while(clock):
    known = KnownProcesses(lambda number: "", lambda: clock[0])
    assert known.silent({"a": 1}) == []
    assert known.silent({}) == ["a"]
    clock[0] += 3601.0
    assert known.silent({}) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="The system does not say.")
def test_it_is_known_which_processes_run():
    assert birth(os.getpid()) and birth(1) and birth(2**22 + 1) is None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert int(birth(child.pid)) >= int(birth(os.getpid()))
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert birth(child.pid) is None  # It has ended, and nobody has waited for it.


async def test_an_answer_that_makes_no_sense_is_left_out(monkeypatch):
    async def aask(*args, **kwargs):
        return {
            "a": None,
            "b": {"pid": "1", "counts": {}},
            "c": {"pid": 1, "counts": []},
            "d": {"pid": 1, "counts": {"realtime_resets_total": 1}},
            "e": {"pid": os.getpid(), "counts": {"realtime_resets_total": {"": 4}}},
        }

    monkeypatch.setattr(processes, "aask", aask)
    found = samples((await scrape()).content.decode())
    up = {key[1][1]: value for key, value in found.items() if key[0] == "realtime_process_up"}
    assert up == {whole_process_id(): 1, "e": 1}
    assert found["realtime_resets_total", ("process", "e")] == 4


async def test_two_event_loops_of_a_process_show_its_counts_once(monkeypatch):
    async def aask(*args, **kwargs):
        counted = {"pid": 1, "process": "p", "counts": {"realtime_resets_total": {"": 4}}}
        return {"p": counted, "its second loop": counted, "of another version": counted | BAD}

    BAD = {"process": 7}
    monkeypatch.setattr(processes, "aask", aask)
    found = samples((await scrape()).content.decode())
    up = {key[1][1]: value for key, value in found.items() if key[0] == "realtime_process_up"}
    assert up == {whole_process_id(): 1, "p": 1}
