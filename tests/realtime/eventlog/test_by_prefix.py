"""Several logs by prefix: who has which stream, and what is said of all of them."""

import asyncio
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from realtime import apublish, publish, publish_many
from realtime.eventlog import event_log, memory
from realtime.eventlog.by_prefix import EventLogByPrefix
from realtime.publications import Publication
from tests.realtime.eventlog.contract import names, offsets, position
from tests.realtime.eventlog.contract import publish as publish_to

MEMORY = {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}
BY_PREFIX = "realtime.eventlog.by_prefix.EventLogByPrefix"
DATABASE = "realtime.eventlog.database.DatabaseEventLog"


@pytest.fixture
def log():
    return EventLogByPrefix({"room.": MEMORY, "": MEMORY, "room.1": MEMORY})


@pytest.fixture
def site_log(settings):
    settings.REALTIME = {
        "EVENT_LOG": {"BACKEND": BY_PREFIX, "OPTIONS": {"logs": {"room.": MEMORY, "": MEMORY}}}
    }
    return event_log()


def kept_by(log, prefix, stream):
    return log.ask(prefix, lambda one: names(one, stream))


def test_the_longest_prefix_has_the_stream(log):
    for stream in ("room.17", "room.2", "user.1"):
        publish_to(log, stream, name=stream)
    assert kept_by(log, "room.1", "room.17") == names(log, "room.17") == ["room.17"]
    assert kept_by(log, "room.", "room.2") == names(log, "room.2") == ["room.2"]
    assert kept_by(log, "", "user.1") == names(log, "user.1") == ["user.1"]
    assert kept_by(log, "", "room.17") == kept_by(log, "room.", "room.17") == []
    positions = log.positions(["room.17", "room.2", "user.1", "user.2"])
    assert [at.offset for at in positions.values()] == [1, 1, 1, 0]
    pages = log.read(dict.fromkeys(positions, 0), 9)
    assert [len(pages[name].events) for name in positions] == [1, 1, 1, 0]


def test_one_publish_to_streams_of_two_logs_is_refused_and_nothing_is_kept(site_log):
    with pytest.raises(ValueError, match=r"'room\.7' and to 'user\.1' one after the other"):
        publish(["user.1", "room.7"], "n")
    with pytest.raises(ValueError, match="several logs"):
        publish_many([Publication("user.1", "n"), Publication("room.7", "n")])
    with pytest.raises(ValueError, match="several logs"):
        asyncio.run(apublish(["user.1", "room.7"], "n"))
    assert offsets(site_log, "user.1") == offsets(site_log, "room.7") == []
    publish(["room.7", "room.8"], "n")
    assert offsets(site_log, "room.7") == offsets(site_log, "room.8") == [1]


def test_what_has_moved_in_any_of_them_is_found(log):
    cursor = log.moved(None, 10).cursor
    for stream in ("room.17", "user.1"):
        publish_to(log, stream)
    moved = log.moved(cursor, 10)
    assert moved.positions == {name: position(log, name) for name in ("room.17", "user.1")}
    assert log.moved(moved.cursor, 10).positions == {}
    assert log.moved(cursor, 1).positions is None


def test_the_newest_of_all_come_in_pages_and_once(log, monkeypatch):
    monkeypatch.setattr(memory, "SETTLED_AFTER", 0.0)
    cursor, seen = log.recent(None).cursor, []
    for number in range(2, 9):
        publish_to(log, f"room.{number}", f"room.{number}.too")
        publish_to(log, f"user.{number}")
    for _ in range(20):
        page = log.recent(cursor, 4)
        assert len(page.entries) <= 4
        cursor, seen = page.cursor, seen + [one.stream for one in page.entries]
        if len(page.entries) < 4:
            break
    assert len(seen) == len(set(seen)) == 21
    assert log.recent(cursor, 4).entries == []


def test_an_event_is_found_in_whichever_log_has_it(log):
    publish_to(log, "user.1", key="k", name="first")
    publish_to(log, "room.17", key="k", name="second")
    assert [one.name for one in log.find(key="k")] == ["first", "second"]
    now = time.time()
    assert [one.name for one in log.between("room.17", now - 9, now + 9, 5)] == ["second"]


def test_what_is_in_one_place_for_two_of_the_logs_is_shown_once(log, monkeypatch):
    monkeypatch.setattr(memory, "SETTLED_AFTER", 0.0)
    log._logs["room."] = log._logs[""]
    cursor = log.recent(None).cursor
    for stream in ("user.1", "room.2"):
        publish_to(log, stream, key="k")
    assert [one.stream for one in log.recent(cursor).entries] == ["user.1", "room.2"]
    assert [one.stream for one in log.find(key="k")] == ["user.1", "room.2"]


def test_all_are_pruned(log, settings):
    settings.REALTIME = {"RETENTION": {"COUNT": 1}}
    for stream in ("room.17", "user.1"):
        for _ in range(3):
            publish_to(log, stream)
    assert log.prune() == 4


def test_one_of_them_has_the_leases(log):
    assert log.take_lease("watch", "a", 10) == ""
    assert log.keep_lease("watch", "a", 10, "note")
    assert log.take_lease("watch", "b", 10) is None


def test_async_code_needs_a_thread_where_one_of_the_logs_does():
    redis = {"BACKEND": "realtime.eventlog.redis.RedisEventLog", "OPTIONS": {"url": "redis://none"}}
    assert EventLogByPrefix({"": redis}).appends_in_loop
    assert not EventLogByPrefix({"": redis, "room.": MEMORY}).appends_in_loop


@pytest.mark.parametrize(
    "logs", [{}, {"a": MEMORY}, {"": MEMORY, "a": {}}, {"": None}, {"": MEMORY, 1: MEMORY}, None]
)
def test_what_is_no_set_of_logs_is_said(logs):
    with pytest.raises(ImproperlyConfigured, match="prefix"):
        EventLogByPrefix(logs)


REPLICA = {"BACKEND": DATABASE, "OPTIONS": {"replica": "copy"}}
ELSEWHERE = {"BACKEND": DATABASE, "OPTIONS": {"database": "copy"}}


@pytest.mark.django_db  # Django 6.1 asks what the database can.
@pytest.mark.parametrize(
    "log", [REPLICA, {"BACKEND": BY_PREFIX, "OPTIONS": {"logs": {"": MEMORY, "a": ELSEWHERE}}}]
)
def test_a_database_that_is_not_there_is_said_by_the_check_and_at_the_first_use(settings, log):
    settings.REALTIME = {"EVENT_LOG": log}
    with pytest.raises(SystemCheckError, match=r"realtime\.E013.*'copy'"):
        call_command("check")
    with pytest.raises(ImproperlyConfigured, match="'copy' is not in DATABASES"):
        event_log()
