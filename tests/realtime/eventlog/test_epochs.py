"""What a new epoch leaves as it was, on every backend."""

import time

from realtime.eventlog.database.log import DatabaseEventLog
from realtime.models import StreamHead
from tests.realtime.eventlog.contract import names, offsets, publish


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
    now = time.time() * 1000
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
