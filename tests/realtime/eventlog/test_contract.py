"""One suite for every backend of the event log; what it promises stands in eventlog/base.py."""

import json
import threading

import pytest
from django.db import connection, transaction

from realtime.eventlog import Addressed, EventLog
from realtime.eventlog.database.log import DatabaseEventLog
from tests.realtime.eventlog.contract import Broadcast, draft, names, offsets, publish


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


def test_several_events_together_have_their_order_in_each_stream(log):
    broadcast = Broadcast()
    events = [
        (["user.1", "user.2"], draft(name="both", key="k")),
        (["user.2"], draft(name="second", exclude="a socket")),
        (["user.1"], draft(name="repeated", key="k")),
        *((["user.1"], draft(name=str(number))) for number in range(150)),
    ]
    log.append_many([Addressed(*event) for event in events], broadcast)
    assert names(log, "user.1") == ["both", *map(str, range(150))]
    assert names(log, "user.2") == ["both", "second"]
    assert offsets(log, "user.1") == list(range(1, 152))
    pages = log.read({"user.1": 0, "user.2": 0}, 1000)
    kept = [event for page in pages.values() for event in page.events]
    assert sorted(broadcast, key=place) == sorted(kept, key=place)
    assert [event.exclude for event in pages["user.2"].events] == [None, "a socket"]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append_many([Addressed(["user.1"], draft(name=name)) for name in "ab"], broadcast)
        raise ZeroDivisionError
    assert offsets(log, "user.1") == list(range(1, 152))


def test_a_log_of_others_appends_several_events_one_after_the_other(log):
    broadcast, events = Broadcast(), [Addressed(["user.1"], draft(name=name)) for name in "abc"]
    EventLog.append_many(log, events, broadcast)
    assert names(log, "user.1") == [event.name for event in broadcast] == ["a", "b", "c"]


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


def place(event):
    return event.stream, event.offset


def test_an_epoch_ends_once(log):
    publish(log, "user.1")
    old = log.positions(["user.1"])["user.1"]
    new = log.new_epoch("user.1", old.epoch)
    assert new.epoch != old.epoch
    assert log.new_epoch("user.1", old.epoch) == new == log.positions(["user.1"])["user.1"]


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
