"""The thread that looks for overdue deadlines."""

import threading

import pytest
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from realtime import publish
from realtime.receipts import watch as module
from realtime.receipts.watch import LOOK_EVERY, LOOK_WITHIN, MAX_PAUSE, Guard, Watch, keep_looking

HERE = "tests.realtime.receipts.otherwise"


@pytest.fixture
def watch(transactional_db, monkeypatch):
    # A test's connection has its database in memory: it must not be closed.
    monkeypatch.setattr(module, "close_old_connections", lambda: None)
    monkeypatch.setattr(module.connections, "close_all", lambda: None)
    return Watch()


def test_a_look_at_nothing_is_one_query_of_an_index(watch):
    with CaptureQueriesContext(connection) as queries:
        pause = watch.look()
    (query,) = [one["sql"] for one in queries]
    assert 0.8 * LOOK_EVERY <= pause <= 1.2 * LOOK_EVERY
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "INDEX realtime_deadlines " in plan


def test_a_look_hands_on_what_is_overdue(watch, called, pass_time):
    publish("user.1", "n", within=3, otherwise=f"{HERE}.note")
    watch.look()
    pass_time(4)
    watch.look()
    watch.look()
    assert len(called) == 1


def test_many_deadlines_are_no_look_that_hangs(monkeypatch):
    now, left, begun = [0.0], [*range(9)], []
    guard = Guard(begun.append)

    def hand_on_one(using):
        now[0] += LOOK_WITHIN - 1  # Each of them takes as long as one may.
        guard.check(now[0])
        return left.pop() >= 0 if left else None

    monkeypatch.setattr(module, "has_overdue", lambda using: True)
    monkeypatch.setattr(module, "hand_on_one", hand_on_one)
    monkeypatch.setattr(module, "close_old_connections", lambda: None)
    monkeypatch.setattr(module, "prune", lambda: None)
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    begun[0].look()
    assert len(begun) == 1 and not left


def test_looks_that_fail_are_said_once_and_become_rare(watch, monkeypatch, caplog):
    answers = [OperationalError("away")] * 9

    def fail(using):
        if answers:
            raise answers.pop()
        return False

    monkeypatch.setattr(module, "has_overdue", fail)
    pauses = [watch.look() for _ in range(9)]
    assert pauses[0] < 2 * 1.2 * LOOK_EVERY and max(pauses) <= MAX_PAUSE * 1.2
    assert watch.look() <= LOOK_EVERY * 1.2
    assert caplog.text.count("deadlines not checked reason=OperationalError('away')") == 1
    assert caplog.text.count("deadlines checked again") == 1


def test_old_rows_are_removed_every_minute(watch, monkeypatch):
    pruned = []
    monkeypatch.setattr(module, "prune", lambda: pruned.append(1))
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    watch = Watch()
    for now[0] in (0.0, 61.0, 62.0, 122.0):
        watch.look()
    assert 2 <= len(pruned) <= 3


@pytest.mark.parametrize("log", [None, {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}])
def test_no_thread_goes_on_where_no_other_process_could_have_a_deadline(settings, log):
    settings.REALTIME = {"EVENT_LOG": log}
    keep_looking()  # It ends: there is no log, or the database is this process's alone.


def test_no_thread_keeps_a_connection_to_the_database_of_a_test(monkeypatch, db):
    monkeypatch.setattr(connections["default"], "is_in_memory_db", lambda: False)
    monkeypatch.setattr(Watch, "look", lambda self: pytest.fail("It would be in the way."))
    keep_looking()


class Hanging:
    """A database that does not answer before the test lets it."""

    def __init__(self):
        self.asked = threading.Event()
        self.answers = threading.Event()

    def has_overdue(self, using):
        if not self.answers.is_set():
            self.asked.set()
            self.answers.wait(10)
        return False


@pytest.fixture
def hanging(monkeypatch):
    hanging = Hanging()
    monkeypatch.setattr(module, "has_overdue", hanging.has_overdue)
    monkeypatch.setattr(module.connections, "close_all", lambda: None)
    yield hanging
    hanging.answers.set()


def test_another_thread_looks_where_the_database_hangs(hanging, caplog):
    begun = []
    guard = Guard(begun.append)
    stuck = threading.Thread(target=begun[0].run)
    stuck.start()
    assert hanging.asked.wait(5)
    since = begun[0].looks_since
    guard.check(since + LOOK_WITHIN - 1)
    assert len(begun) == 1
    guard.check(since + LOOK_WITHIN + 1)
    guard.check(since + LOOK_WITHIN + 6)
    assert len(begun) == 2
    assert caplog.text.count("deadlines not checked reason='a look has taken 16 s'") == 1
    hanging.answers.set()
    begun[1].look()
    assert caplog.text.count("deadlines checked again") == 1
    stuck.join(5)  # It ends by itself.
    assert not stuck.is_alive()


def test_a_database_that_hangs_for_hours_takes_a_few_threads(caplog):
    begun = []
    guard = Guard(begun.append)
    for now in range(0, 36_000, 5):
        begun[-1].looks_since = begun[-1].looks_since or float(now)
        guard.check(now)
    assert 2 <= len(begun) <= 5
    assert caplog.text.count("another thread looks") == len(begun) - 1
    assert caplog.text.count("nothing looks until one is back") == 1
    for watch in begun:
        watch.looks_since = None
    begun[-1].looks_since = 36_000.0
    many = len(begun)
    guard.check(36_000 + LOOK_WITHIN)
    assert len(begun) == many + 1


def test_a_process_has_one_thread(monkeypatch):
    begun = []
    monkeypatch.setattr(module, "_started_by", None)
    monkeypatch.setattr(threading.Thread, "start", lambda self: begun.append(self.name))
    module.start()
    module.start()
    assert begun == ["realtime-deadlines"]
    monkeypatch.setattr(module.os, "getpid", lambda: 1)  # A forked child has no thread.
    module.start()
    assert len(begun) == 2
