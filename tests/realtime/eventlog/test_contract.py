"""One suite for every backend of the event log; what it promises stands in eventlog/base.py."""

import json
import os
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from django.db import connection, transaction

from realtime.conf import realtime_settings
from realtime.eventlog import Draft
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.eventlog.memory import MemoryEventLog
from realtime.eventlog.redis import RedisEventLog
from realtime.models import Event, StreamHead


@pytest.fixture(params=["memory", "database", pytest.param("redis", marks=pytest.mark.processes)])
def log(request, transactional_db):
    if request.param == "memory":
        return MemoryEventLog()
    if request.param == "database":
        return DatabaseEventLog()
    return RedisEventLog(request.getfixturevalue("redis_server").url)


def draft(name="n", data="null", key=None, at=None):
    return Draft(uuid.uuid4().hex, name, data, at or 1_769_100_000_000, key)


class Broadcast(list):
    """Collects what the log gave its offsets."""

    def __call__(self, events):
        self.extend(events)


def publish(log, *streams, **fields):
    broadcast = Broadcast()
    log.append(streams, draft(**fields), broadcast)
    return broadcast


def offsets(log, stream, after=0, limit=1000):
    return [event.offset for event in log.read({stream: after}, limit)[stream].events]


def names(log, stream, after=0):
    return [event.name for event in log.read({stream: after}, 1000)[stream].events]


def test_offsets_start_at_one_and_have_no_holes(log):
    before = log.positions(["user.1"])["user.1"]
    assert before.offset == 0
    broadcast = [publish(log, "user.1", name=str(number))[0] for number in range(5)]
    assert [event.offset for event in broadcast] == [1, 2, 3, 4, 5]
    page = log.read({"user.1": 2}, 2)["user.1"]
    assert [event.offset for event in page.events] == [3, 4]
    assert page.position == (before.epoch, 5)
    assert {event.epoch for event in broadcast} == {before.epoch}


def test_an_event_is_the_same_when_it_is_broadcast_and_when_it_is_read(log):
    (broadcast,) = publish(log, "user.1", name='a"ü', data='{"x":[1,"ü"]}', at=1_769_100_000_123)
    (read,) = log.read({"user.1": 0}, 10)["user.1"].events
    assert read == broadcast
    assert json.loads(read.frame) == {
        "type": "event",
        "stream": "user.1",
        "offset": 1,
        "id": broadcast.id,
        "name": 'a"ü',
        "data": {"x": [1, "ü"]},
        "at": 1_769_100_000_123,
    }
    assert json.loads(read.replayed_frame) == {**json.loads(read.frame), "replayed": True}


def test_streams_do_not_know_of_each_other(log):
    publish(log, "user.1")
    publish(log, "user.2", name="theirs")
    publish(log, "user.1", "user.2", name="both")
    assert offsets(log, "user.1") == offsets(log, "user.2") == [1, 2]
    assert names(log, "user.2") == ["theirs", "both"]
    positions = log.positions(["user.1", "user.2", "user.3"])
    assert [positions[name].offset for name in ("user.1", "user.2", "user.3")] == [2, 2, 0]
    assert len({position.epoch for position in positions.values()}) == 3
    pages = log.read({"user.1": 1, "user.2": 2, "user.3": 0}, 10)
    assert [len(pages[name].events) for name in ("user.1", "user.2", "user.3")] == [1, 0, 0]


def test_an_epoch_stays_and_many_streams_are_one_publish(log):
    streams = [f"user.{number}" for number in range(200)]
    before = log.positions(streams)
    broadcast = publish(log, *streams)
    assert sorted(event.stream for event in broadcast) == sorted(streams)
    after = log.positions(streams)
    assert all(after[name] == (before[name].epoch, 1) for name in streams)


def test_a_key_given_twice_is_the_first_event(log):
    (first,) = publish(log, "user.1", key="call.7.1", name="first")
    assert publish(log, "user.1", key="call.7.1", name="again") == []
    publish(log, "user.1", "user.2", key="call.7.1", name="elsewhere")
    publish(log, "user.1", key="call.7.2", name="second")
    assert names(log, "user.1") == ["first", "second"]
    assert names(log, "user.2") == ["elsewhere"]
    assert log.read({"user.1": 0}, 1)["user.1"].events[0] == first


def test_what_is_rolled_back_was_never_there(log):
    broadcast = Broadcast()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(["user.1"], draft(name="never", key="k"), broadcast)
        raise ZeroDivisionError
    with transaction.atomic():
        log.append(["user.1"], draft(name="outer"), broadcast)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            log.append(["user.1"], draft(name="inner"), broadcast)
            raise ZeroDivisionError
        assert broadcast == []
    publish(log, "user.1", name="after", key="k")
    assert [event.name for event in broadcast] == ["outer"]
    assert names(log, "user.1") == ["outer", "after"]
    assert offsets(log, "user.1") == [1, 2]


def test_forgetting_erases_and_begins_a_new_epoch(log):
    publish(log, "user.1", name="secret", key="k")
    old = log.positions(["user.1"])["user.1"]
    log.forget("user.1")
    new = log.positions(["user.1"])["user.1"]
    assert new.epoch != old.epoch
    assert new.offset == 0
    assert names(log, "user.1") == []
    publish(log, "user.1", name="fresh", key="k")
    assert (names(log, "user.1"), offsets(log, "user.1")) == (["fresh"], [1])
    assert log.positions(["user.1"])["user.1"].epoch == new.epoch


def test_an_epoch_ends_once(log):
    publish(log, "user.1")
    old = log.positions(["user.1"])["user.1"]
    new = log.new_epoch("user.1", old.epoch)
    assert new.epoch != old.epoch
    assert log.new_epoch("user.1", old.epoch) == new == log.positions(["user.1"])["user.1"]


def test_a_new_epoch_keeps_what_there_is_and_goes_on_from_there(log):
    for name in ("first", "second"):
        publish(log, "user.1", name=name, key=name)
    publish(log, "user.2", name="theirs")
    old = log.positions(["user.1"])["user.1"]
    new = log.new_epoch("user.1", old.epoch)
    assert new == (new.epoch, 2)
    page = log.read({"user.1": 0}, 10)["user.1"]
    assert page.position == new
    assert [(event.epoch, event.offset) for event in page.events] == [
        (new.epoch, 1),
        (new.epoch, 2),
    ]
    assert [event.name for event in page.events] == ["first", "second"]
    assert publish(log, "user.1", key="first") == [], "a key still names one event"
    (third,) = publish(log, "user.1", name="third")
    assert (third.epoch, third.offset) == (new.epoch, 3)
    assert names(log, "user.1", after=1) == ["second", "third"]
    assert names(log, "user.2") == ["theirs"]


def test_a_new_epoch_begins_only_where_the_log_has_not_come_as_far(log):
    publish(log, "user.1")
    old = log.positions(["user.1"])["user.1"]
    assert log.new_epoch("user.1", old.epoch, beyond=1) == old
    assert log.new_epoch("user.1", "another", beyond=9) == old
    assert log.new_epoch("user.1", old.epoch, beyond=2).epoch != old.epoch


def test_a_stream_without_events_begins_a_new_epoch_too(log):
    old = log.positions(["user.1"])["user.1"]
    new = log.new_epoch("user.1", old.epoch, beyond=1)
    assert new.epoch != old.epoch and new.offset == 0
    (first,) = publish(log, "user.1")
    assert (first.epoch, first.offset) == (new.epoch, 1)


def test_retention_takes_the_events_of_an_old_epoch(log, settings):
    settings.REALTIME = {"RETENTION": {"COUNT": 2, "AGE": 3600}}
    now = pytest.importorskip("time").time() * 1000
    for _ in range(3):
        publish(log, "user.1", at=int(now))
    log.new_epoch("user.1", log.positions(["user.1"])["user.1"].epoch)
    publish(log, "user.1", at=int(now))
    log.prune()
    assert offsets(log, "user.1") == [3, 4]


def test_a_head_that_was_restored_without_its_events_comes_to_their_end(transactional_db):
    log = DatabaseEventLog()
    for _ in range(3):
        publish(log, "user.1")
    old = log.positions(["user.1"])["user.1"]
    StreamHead.objects.filter(name="user.1").update(top=1)
    assert log.new_epoch("user.1", old.epoch, beyond=3).offset == 3
    assert [event.offset for event in publish(log, "user.1")] == [4]
    assert offsets(log, "user.1") == [1, 2, 3, 4]


def test_the_newest_are_kept_and_offsets_go_on(log, settings):
    settings.REALTIME = {"RETENTION": {"COUNT": 3, "AGE": 3600}}
    now = pytest.importorskip("time").time() * 1000
    for _ in range(10):
        publish(log, "user.1", at=int(now))
    publish(log, "user.2", at=int(now))
    log.prune()
    assert offsets(log, "user.1") == [8, 9, 10]
    assert offsets(log, "user.2") == [1]
    page = log.read({"user.1": 2}, 100)["user.1"]
    assert (page.position.offset, page.events[:1]) != (2, []), "the cut can be seen"
    assert publish(log, "user.1", at=int(now))[0].offset == 11


def test_old_events_go(log, settings):
    settings.REALTIME = {"RETENTION": {"COUNT": 1000, "AGE": 3600}}
    now = pytest.importorskip("time").time() * 1000
    for age in (7200, 4000, 10, 0):
        publish(log, "user.1", at=int(now - age * 1000))
    assert log.prune() == 2
    assert offsets(log, "user.1") == [3, 4]
    assert log.positions(["user.1"])["user.1"].offset == 4
    assert log.prune() == 0


def test_many_writers_together_make_no_hole_and_no_repeat(log, caplog):
    if isinstance(log, DatabaseEventLog) and connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one writer; test_database has them on a file")
    broadcast = Broadcast()

    def write(writer):
        for number in range(10):
            streams = ["user.1", "user.2"] if (writer + number) % 2 else ["user.2", "user.1"]
            log.append([*streams, f"new.{number}"], draft(name=f"{writer}.{number}"), broadcast)
        connection.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for stream in ("user.1", "user.2"):
        assert offsets(log, stream) == list(range(1, 201))
        assert sorted(e.offset for e in broadcast if e.stream == stream) == list(range(1, 201))
        seen = names(log, stream)
        for writer in range(20):
            own = [name for name in seen if name.startswith(f"{writer}.")]
            assert own == [f"{writer}.{number}" for number in range(10)]
    for number in range(10):
        assert offsets(log, f"new.{number}") == list(range(1, 21))
    assert "put off" not in caplog.text, "nobody has to wait for a check"


def test_what_a_crash_left_unnumbered_is_numbered_once(transactional_db):
    log = DatabaseEventLog()
    publish(log, "user.1", name="before")
    for number in range(2):
        Event.objects.create(stream="user.1", event_id=f"{number}", name="left", data="1", at=5)
    Event.objects.create(stream="user.2", event_id="x", name="left", data="1", at=5)
    assert names(log, "user.1") == ["before"]
    assert sorted((e.stream, e.offset) for e in log.number_pending()) == [
        ("user.1", 2),
        ("user.1", 3),
        ("user.2", 1),
    ]
    assert list(log.number_pending()) == []


def test_a_later_publish_numbers_what_a_crash_left_first(transactional_db):
    log = DatabaseEventLog()
    Event.objects.create(stream="user.1", event_id="x", name="left", data="1", at=5)
    assert [event.name for event in publish(log, "user.1", name="later")] == ["left", "later"]


def test_publishing_is_a_constant_number_of_statements(
    transactional_db, django_assert_max_num_queries
):
    log = DatabaseEventLog()
    publish(log, *[f"user.{number}" for number in range(200)])
    is_plain_postgresql = connection.vendor == "postgresql" and not connection.settings_dict[
        "OPTIONS"
    ].get("server_side_binding")
    with django_assert_max_num_queries(2 if is_plain_postgresql else 7):
        publish(log, *[f"user.{number}" for number in range(200)])


def test_what_is_numbered_inside_a_transaction_goes_with_it(transactional_db):
    log = DatabaseEventLog()
    Event.objects.create(stream="user.1", event_id="x", name="left", data="1", at=5)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert [event.offset for event in log.number_pending()] == [1]
        raise ZeroDivisionError
    assert offsets(log, "user.1") == []
    assert [event.offset for event in log.number_pending()] == [1]


REPEATABLE_READ = "?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"
POSTGRESQL_OPTIONS = {
    "as Django sets it": "",
    "repeatable read": REPEATABLE_READ,
    "server-side binding": f"{REPEATABLE_READ}&server_side_binding=true",
}


@pytest.mark.processes
@pytest.mark.parametrize("options", POSTGRESQL_OPTIONS.values(), ids=POSTGRESQL_OPTIONS)
def test_all_of_this_on_postgresql(postgres_url, options):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not processes", __file__],
        env={**os.environ, "DATABASE_URL": postgres_url + options},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_retention_has_defaults():
    assert realtime_settings().RETENTION == {"COUNT": 1000, "AGE": 604800}
