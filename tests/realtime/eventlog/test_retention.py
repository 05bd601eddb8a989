"""What is kept, for how long, and by whose clock."""

import json
import threading

import pytest
from django.db import connection

from realtime.conf import realtime_settings
from realtime.eventlog.by_prefix import EventLogByPrefix
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.eventlog.memory import MemoryEventLog
from realtime.eventlog.redis import RedisEventLog
from realtime.eventlog.retention import Retention, retention_of, set_retention
from tests.realtime.eventlog.contract import AT, names, offsets, page, position, publish

YEAR = 365 * 86400


def test_retention_has_defaults():
    assert realtime_settings().RETENTION == {"COUNT": 1000, "AGE": 604800}


def test_either_of_the_two_can_be_set_alone(keep):
    keep(COUNT=3)
    assert realtime_settings().RETENTION == {"COUNT": 3, "AGE": 604800}
    keep(AGE=60)
    assert realtime_settings().RETENTION == {"COUNT": 1000, "AGE": 60}


def test_the_newest_are_kept_and_offsets_go_on(log, keep):
    keep(COUNT=3)
    for _ in range(10):
        publish(log, "user.1")
    publish(log, "user.2")
    log.prune()
    assert offsets(log, "user.1") == [8, 9, 10]
    assert offsets(log, "user.2") == [1]
    assert publish(log, "user.1")[0].offset == 11


def test_a_count_that_is_lowered_holds_for_what_is_there(log, keep):
    keep(COUNT=10)
    for _ in range(8):
        publish(log, "user.1")
    assert log.prune() == 0
    keep(COUNT=3)
    assert log.prune() == 5
    assert offsets(log, "user.1") == [6, 7, 8]
    keep(COUNT=10)
    publish(log, "user.1")
    assert log.prune() == 0
    assert offsets(log, "user.1") == [6, 7, 8, 9]


def test_old_events_go_and_the_stream_goes_on(log, keep, pass_time):
    keep(AGE=3600)
    before = position(log, "user.1")
    for _ in range(2):
        publish(log, "user.1")
    pass_time(3000)
    publish(log, "user.1")
    assert log.prune() == 0
    pass_time(1000)
    assert log.prune() == 2
    assert offsets(log, "user.1") == [3]
    pass_time(3000)
    assert log.prune() == 1
    assert log.prune() == 0
    assert position(log, "user.1") == (before.epoch, 3)
    assert publish(log, "user.1")[0].offset == 4


@pytest.mark.parametrize("years", [-40, 40])
def test_a_publisher_whose_clock_is_wrong_changes_nothing(log, keep, pass_time, years):
    keep(AGE=3600)
    publish(log, "user.1", at=AT + years * YEAR * 1000, name="wrong")
    publish(log, "user.1", name="right")
    assert log.prune() == 0, "both are new"
    pass_time(3000)
    publish(log, "user.1", at=AT + years * YEAR * 1000, name="new")
    pass_time(1000)
    assert log.prune() == 2, "the first one is not in the way of the others"
    assert names(log, "user.1") == ["new"]


def test_what_is_cut_can_be_seen(log, keep):
    keep(COUNT=3)
    for _ in range(10):
        publish(log, "user.1")
    log.prune()
    cut = page(log, "user.1", after=2)
    assert (cut.position.offset, cut.events[0].offset) == (10, 8)
    complete = page(log, "user.1", after=7)
    assert complete.events[0].offset == 8


def test_that_all_is_cut_can_be_seen(log, keep, pass_time):
    keep(AGE=3600)
    for _ in range(3):
        publish(log, "user.1")
    pass_time(4000)
    log.prune()
    assert page(log, "user.1", after=1).events == []
    assert page(log, "user.1", after=1).position.offset == 3
    assert page(log, "user.1", after=3).position.offset == 3


def test_one_of_several_processes_prunes(log, monkeypatch):
    if isinstance(log, MemoryEventLog | EventLogByPrefix):
        pytest.skip("one process has it")
    pruned = []
    for kind in (DatabaseEventLog, RedisEventLog):
        monkeypatch.setattr(kind, "prune", lambda log: pruned.append(log))
    log.prune_in_turn("a", 60)
    first = len(pruned)
    log.prune_in_turn("b", 60)
    assert len(pruned) == first > 0, "another process has pruned just now"
    log.prune_in_turn("a", 60)
    assert len(pruned) == 2 * first


def test_pruning_goes_on_while_others_prune_and_publish(log, keep, caplog):
    if isinstance(log, DatabaseEventLog) and connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one writer")
    keep(COUNT=5)
    failed = []

    def run(work):
        try:
            for _ in range(20):
                work()
        except Exception as error:
            failed.append(error)
        connection.close()

    works = [lambda: publish(log, "user.1", "user.2"), log.prune]
    threads = [threading.Thread(target=run, args=(works[number % 2],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert "put off" not in caplog.text
    log.prune()
    assert offsets(log, "user.1") == [76, 77, 78, 79, 80]


class TestOfAClass:
    """What a stream class keeps of its own streams; ``room`` and ``room-2`` are prefixes."""

    @pytest.fixture(autouse=True)
    def fresh(self, monkeypatch):
        monkeypatch.setattr("realtime.eventlog.retention._own", {})

    def test_a_count_of_its_own(self, log, keep):
        keep(COUNT=5)
        set_retention("room", {"COUNT": 2})
        streams = "room.1", "room", "room-2.1", "Room.1", "user.1"
        for _ in range(8):
            publish(log, *streams)
        log.prune()
        kept = {stream: offsets(log, stream) for stream in streams}
        assert kept == {
            "room.1": [7, 8],
            "room": [7, 8],
            "room-2.1": [4, 5, 6, 7, 8],
            "Room.1": [4, 5, 6, 7, 8],
            "user.1": [4, 5, 6, 7, 8],
        }
        assert publish(log, "room.1")[0].offset == 9

    def test_an_age_of_its_own_shorter_or_longer(self, log, keep, pass_time):
        keep(AGE=3600)
        set_retention("short", {"AGE": 60})
        set_retention("long", {"AGE": 86400})
        streams = "short.1", "long.1", "short-2.1", "user.1"
        publish(log, *streams)
        pass_time(100)
        assert log.prune() == 1
        assert [offsets(log, stream) for stream in streams] == [[], [1], [1], [1]]
        pass_time(4000)
        assert log.prune() == 2
        assert offsets(log, "long.1") == [1]
        pass_time(86400)
        assert log.prune() == 1
        assert position(log, "long.1").offset == 1

    def test_what_is_kept_for_long_is_not_in_the_way_of_the_rest(
        self, log, keep, pass_time, monkeypatch
    ):
        monkeypatch.setattr("realtime.eventlog.database.batches.BATCH", 3)
        keep(AGE=3600)
        set_retention("long", {"AGE": 86400})
        for _ in range(5):
            publish(log, "long.1")
        publish(log, "user.1")
        pass_time(4000)
        assert log.prune() == 1
        assert offsets(log, "long.1") == [1, 2, 3, 4, 5]

    def test_what_a_class_says_no_more_holds_no_more(self, log, keep):
        keep(COUNT=5)
        set_retention("room", {"COUNT": 2})
        set_retention("room", None)
        for _ in range(6):
            publish(log, "room.1")
        log.prune()
        assert offsets(log, "room.1") == [2, 3, 4, 5, 6]

    def test_either_of_the_two_is_the_settings_where_a_class_says_one(self, keep):
        keep(COUNT=5, AGE=60)
        set_retention("room", {"COUNT": 2})
        set_retention("desk", {"AGE": 3600})
        assert retention_of("room.7") == Retention(2, 60)
        assert retention_of("desk.7") == Retention(5, 3600)
        assert retention_of("user.7") == Retention(5, 60)


def test_whom_an_event_is_not_for_is_kept_with_it(log):
    [numbered] = publish(log, "user.1", exclude="a socket")
    publish(log, "user.1")
    assert numbered.exclude == "a socket"
    assert [event.exclude for event in page(log, "user.1").events] == ["a socket", None]


def test_where_an_event_comes_from_is_kept_with_it(log):
    about = {"origin": "request 7f3a", "traceparent": "00-1-2-01", "wants_receipt": True}
    publish(log, "user.1", **about)
    publish(log, "user.1")
    marked, plain = page(log, "user.1").events
    assert (marked.origin, marked.wants_receipt) == ("request 7f3a", True)
    assert json.loads(marked.frame)["traceparent"] == "00-1-2-01"
    assert (plain.origin, plain.wants_receipt) == (None, False)
    assert "traceparent" not in json.loads(plain.frame)
