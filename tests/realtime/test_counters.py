"""What a process counts, and how it is read."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from realtime import counters
from realtime.counters import ALL, Counter


@pytest.fixture
def counter():
    return Counter("realtime_tests_total", "outcome", "Tests that ended.")


def test_each_value_of_the_label_has_a_count_of_its_own(counter):
    for outcome in ("passed", "failed", "passed"):
        counter.add(outcome)
    assert counter.read() == {"passed": 2, "failed": 1}


def test_what_was_read_does_not_change(counter):
    counter.add("passed")
    read = counter.read()
    counter.add("passed")
    assert read == {"passed": 1}


def test_threads_lose_nothing(counter):
    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(lambda: [counter.add("passed") for _ in range(1000)])
    assert counter.read() == {"passed": 8000}


def test_all_counts_are_read_under_the_names_of_prometheus():
    counters.SOCKETS_CLOSED.add("stale")
    counters.COMMANDS_REFUSED.add("forbidden")
    counters.COMMANDS_REFUSED.add("forbidden")
    assert counters.read() == {
        'realtime_sockets_closed_total{reason="stale"}': 1,
        'realtime_commands_refused_total{code="forbidden"}': 2,
    }


def test_names_are_those_of_counters():
    assert len({counter.name for counter in ALL}) == len(ALL)
    for counter in ALL:
        assert counter.name.startswith("realtime_") and counter.name.endswith("_total")
        assert counter.meaning.endswith(".")
