"""What every log says of its newest events, and of those that are asked for."""

import time

import pytest
from django.db import transaction

from realtime.eventlog import EventLog, memory
from realtime.eventlog.database import entries as database_entries
from realtime.eventlog.redis import entries as redis_entries
from tests.realtime.eventlog.contract import AT, Broadcast, draft, publish


@pytest.fixture
def settled(monkeypatch):
    """Have all events be settled as soon as they are numbered."""
    for module in (memory, redis_entries, database_entries):
        monkeypatch.setattr(module, "SETTLED_AFTER", 0.0)


def places(entries):
    return sorted((one.stream, one.offset) for one in entries)


def test_recent_events_come_once_and_in_pages(log, settled):
    publish(log, "user.1")
    time.sleep(0.01)  # The cursor of now is a time, and clocks of databases have milliseconds.
    start = log.recent(None)
    time.sleep(0.01)
    assert not start.entries
    publish(log, "user.1", key="k")
    publish(log, "user.1", key="k")
    publish(log, "user.2", "user.3")
    publish(log, "user.2")
    time.sleep(0.01)
    seen, cursor = [], start.cursor
    while (page := log.recent(cursor, 2)).entries:
        assert len(page.entries) <= 2
        seen += page.entries
        cursor = page.cursor
    assert places(seen) == [("user.1", 2), ("user.2", 1), ("user.2", 2), ("user.3", 1)]
    assert places(log.recent(start.cursor).entries) == places(seen)
    assert log.recent(cursor).cursor == cursor


def test_an_event_is_recent_when_all_have_committed_that_were_numbered_before_it(log, monkeypatch):
    cursor = log.recent(None).cursor
    publish(log, "user.1")
    assert log.recent(cursor).entries == []
    for module in (memory, redis_entries, database_entries):
        monkeypatch.setattr(module, "SETTLED_AFTER", 0.0)
    time.sleep(0.01)
    assert places(log.recent(cursor).entries) == [("user.1", 1)]


def test_an_entry_says_where_the_event_came_from_and_when(log, settled):
    cursor = log.recent(None).cursor
    time.sleep(0.01)
    before = time.time()
    about = {"key": "k", "exclude": "socket", "origin": "task calls.ring"}
    (event,) = publish(log, "user.1", name="call", at=AT + 123, **about)
    time.sleep(0.01)
    (recent,) = log.recent(cursor).entries
    (found,) = log.find(id=event.id)
    (by_key,) = log.find(key="k")
    (between,) = log.between("user.1", before - 1, time.time() + 1, 10)
    for entry in (recent, found, by_key, between):
        assert (entry.stream, entry.epoch, entry.offset) == ("user.1", event.epoch, 1)
        assert (entry.id, entry.name, entry.at) == (event.id, "call", AT / 1000 + 0.123)
        assert (entry.origin, entry.exclude) == ("task calls.ring", "socket")
        for at in (entry.logged_at, entry.numbered_at):
            assert before - 0.01 <= at <= time.time() + 0.01
    assert recent.key == found.key == by_key.key == "k"


def test_an_event_of_several_streams_is_found_in_each(log, settled):
    first, _ = publish(log, "user.1", "user.2", key="k")
    publish(log, "user.1", key="other")
    assert places(log.find(id=first.id)) == places(log.find(key="k"))
    assert places(log.find(id=first.id)) == [("user.1", 1), ("user.2", 1)]
    assert list(log.find(id="unknown")) == list(log.find(key="unknown")) == list(log.find()) == []


def test_between_two_times_there_are_those_of_one_stream_the_newest_of_too_many(log, settled):
    begin = time.time() - 1
    for number in range(5):
        publish(log, "user.1", name=str(number))
    publish(log, "user.2")
    time.sleep(0.01)
    end = time.time()
    found = log.between("user.1", begin, end, 3)
    assert [entry.name for entry in found] == ["2", "3", "4"]
    assert not log.between("user.1", begin - 10, begin, 3)
    assert not log.between("user.1", end + 1, end + 10, 3)


def test_what_is_forgotten_is_in_no_stream_between_two_times(log, settled):
    publish(log, "user.1", "user.2")
    log.forget("user.1")
    ends = time.time() - 10, time.time() + 10
    assert not log.between("user.1", *ends, 10)
    assert len(log.between("user.2", *ends, 10)) == 1


def test_a_rolled_back_event_is_not_recent(log, settled):
    cursor = log.recent(None).cursor
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(["user.1"], draft(), Broadcast())
        raise ZeroDivisionError
    time.sleep(0.01)
    assert not log.recent(cursor).entries


class Others(EventLog):
    append = positions = read = new_epoch = forget = prune = None


def test_a_log_of_others_that_can_not_say_knows_nothing():
    log = Others()
    assert log.recent(None) == log.recent("")
    assert not log.recent(None).entries
    assert not log.find(id="x")
    assert not log.between("user.1", 0, 1, 1)
    assert log.take_lease("watch", "a", 10) is None
    assert not log.keep_lease("watch", "a", 10, "note")
