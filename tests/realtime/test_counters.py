"""What a process counts and measures, and how it is read."""

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model

from realtime import apublish, counters, metric_kinds
from realtime.concurrency.threads import run_sync
from realtime.consumers import RealtimeConsumer
from realtime.counters import ALL
from realtime.fanout.hub import running_hub
from realtime.metric_kinds import Counter, Gauge, Histogram
from realtime.streams import Stream, register
from realtime.testing import RealtimeCommunicator, RealtimeError
from tests.processes.waiting import until


@pytest.fixture
def counter():
    return Counter("realtime_tests_total", "outcome", "Tests that ended.")


@pytest.fixture
def histogram():
    return Histogram("realtime_test_seconds", "", "Time that a test took.", (0.1, 1.0))


def test_each_value_of_the_label_has_a_count_of_its_own(counter):
    for outcome in ("passed", "failed", "passed"):
        counter.add(outcome)
    counter.add("failed", 5)
    assert counter.read() == {"passed": 2, "failed": 6}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_a_fork_while_another_thread_counts_leaves_the_child_no_lock(counter):
    held, end = threading.Event(), threading.Event()

    def hold():
        with metric_kinds._lock:
            held.set()
            end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(5)
        counter.add("passed")
        os._exit(0)
    end.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_a_handler_of_a_signal_may_count_while_its_thread_does(counter):
    def count_while_counting():
        with metric_kinds._lock:
            counter.add("passed")

    thread = threading.Thread(target=count_while_counting, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()


def test_what_was_read_does_not_change(counter, histogram):
    counter.add("passed")
    histogram.add(0.5)
    read, measured = counter.read(), histogram.read()
    counter.add("passed")
    histogram.add(0.5)
    assert (read, measured) == ({"passed": 1}, {"": [0, 1, 0, 0.5]})


def test_threads_lose_nothing(counter, histogram):
    def work():
        for _ in range(1000):
            counter.add("passed")
            histogram.add(1.0)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(work)
    assert counter.read() == {"passed": 8000}
    assert histogram.read() == {"": [0, 8000, 0, 8000.0]}


def test_a_bucket_has_what_took_as_long_as_its_bound_at_most(histogram):
    for seconds in (0.0, 0.1, 0.100001, 1.0, 1.000001, 60.0):
        histogram.add(seconds)
    *buckets, total = histogram.read()[""]
    assert buckets == [2, 2, 2]
    assert total == pytest.approx(62.200002)


def test_a_gauge_is_what_its_source_says_when_it_is_read():
    gauge, sockets = Gauge("realtime_test_sockets", "", "Sockets."), []
    assert gauge.read() == {}
    gauge.read_from(lambda: {"": len(sockets)})
    sockets += "ab"
    assert gauge.read() == {"": 2}


def test_all_counts_are_read_under_the_names_of_prometheus():
    counters.SOCKETS_CLOSED.add("stale")
    counters.COMMANDS_REFUSED.add("forbidden")
    counters.COMMANDS_REFUSED.add("forbidden")
    counters.RESETS.add()
    assert counters.read() == {
        'realtime_sockets_closed_total{reason="stale"}': 1,
        'realtime_commands_refused_total{code="forbidden"}': 2,
        "realtime_resets_total": 1,
    }


def test_json_carries_all_metrics():
    counters.LATENCY.add(0.02)
    read = json.loads(json.dumps(counters.read_all()))
    assert read.keys() == {metric.name for metric in ALL}
    assert sum(read["realtime_latency_seconds"][""]) == 1.02


def test_names_are_as_prometheus_has_them():
    assert len({metric.name for metric in ALL}) == len(ALL)
    for metric in ALL:
        assert metric.name.startswith("realtime_") and metric.meaning.endswith(".")
        assert metric.name.endswith("_total") == isinstance(metric, Counter)
        assert metric.name.endswith("_seconds") == isinstance(metric, Histogram)


@register("counted")
class Counted(Stream):
    async def authorize(self, user):
        return self.key != "private"


@pytest.fixture
def alice():
    return get_user_model()(pk=42, username="alice")


def opened(user=None):
    return RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=user)


def one(metric):
    return metric.read().get("", 0)


@pytest.mark.django_db(transaction=True)
async def test_sockets_are_opened_and_end_and_the_rest_is_open(alice):
    async with opened(alice), opened(alice):
        assert one(counters.SOCKETS_OPEN) == 2
        async with opened() as visitor:
            assert await visitor.closed() == 4501
    await until(lambda: one(counters.SOCKETS_OPEN) == 0, 5, "the sockets have ended")
    assert one(counters.SOCKETS_OPENED) == 3
    assert counters.SOCKETS_CLOSED.read() == {"not_signed_in": 1}
    assert counters.HANDSHAKES_REFUSED.read() == {"not_signed_in": 1}
    assert counters.SOCKETS_DISCONNECTED.read() == {"1001": 2}


@pytest.mark.django_db(transaction=True)
async def test_events_are_counted_on_their_way(alice):
    """Two sockets get an event live; one comes back, and has the next two replayed."""
    async with opened(alice) as first, opened(alice) as second:
        subscribed = await first.subscribe("counted.1")
        position = {key: subscribed[key] for key in ("epoch", "offset")}
        await second.subscribe("counted.1")
        await apublish(["counted.1", "counted.2"], "kept", 1)
        await apublish("counted.1", "passing", 2, ephemeral=True)
        for socket in (first, second):
            await socket.event("kept")
            await socket.event("passing")
        await first.unsubscribe("counted.1")
        await apublish("counted.1", "kept", 3)
        await second.event("kept")
        await first.subscribe("counted.1", after=position)
        await first.event("kept")
        await first.event("kept")
    assert counters.EVENTS_PUBLISHED.read() == {"kept": 2, "ephemeral": 1}
    assert counters.EVENTS_BROADCAST.read() == {"sent": 4}
    assert counters.EVENTS_DELIVERED.read() == {"kept": 3, "ephemeral": 2}
    assert one(counters.EVENTS_REPLAYED) == 2
    *buckets, seconds = counters.HANDED_OUT.read()["commit"]
    assert sum(buckets) == 3 and 0 <= seconds < 3


@pytest.mark.django_db(transaction=True)
async def test_commands_are_timed_by_their_names_and_errors_are_timed_too(alice):
    async with opened(alice) as socket:
        with pytest.raises(RealtimeError):
            await socket.subscribe("counted.private")
        await socket.subscribe("counted.1")
        await socket.unsubscribe("counted.1")
    timed = {name: sum(found[:-1]) for name, found in counters.COMMANDS.read().items()}
    assert timed == {"subscribe": 2, "unsubscribe": 1}


@pytest.mark.django_db(transaction=True)
async def test_the_layer_and_the_log_are_up_once_they_are_known_to_be(alice):
    async with opened(alice) as socket:
        await socket.subscribe("counted.1")
        assert counters.LAYER_UP.read() == {"": 1.0}
        running_hub()._log_watch.check_soon()
        await until(counters.LOG_UP.read, 5, "the log was checked")
        assert counters.LOG_UP.read() == {"": 1.0}
        assert counters.REPLAYS.read() == {"": 0}


@pytest.mark.django_db(transaction=True)  # The thread may have a connection, and look at it.
async def test_threads_that_run_something_are_busy():
    threads = await run_sync(counters.THREADS_BUSY.read)
    assert threads["log"] >= 1  # Loops of other tests may have left something there.
    kinds = {"log", "record", "sign-in", "application", "message", "hook", "check"}
    assert set(threads) == kinds
