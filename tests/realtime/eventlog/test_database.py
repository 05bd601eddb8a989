"""What the database log alone has: numbering after the commit, rows, statements."""

import pytest
from django.db import connection, transaction

from realtime.eventlog.database import retention
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.models import Event, StreamHead
from tests.realtime.eventlog.contract import names, offsets, page, position, publish

LONG_AGO = "2020-01-01 00:00:00+00:00"


@pytest.fixture
def log(transactional_db):
    return DatabaseEventLog()


def test_what_a_crash_left_unnumbered_is_numbered_once(log):
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


def test_a_later_publish_numbers_what_a_crash_left_first(log):
    Event.objects.create(stream="user.1", event_id="x", name="left", data="1", at=5)
    assert [event.name for event in publish(log, "user.1", name="later")] == ["left", "later"]


def test_publishing_is_a_constant_number_of_statements(log, django_assert_max_num_queries):
    publish(log, *[f"user.{number}" for number in range(200)])
    is_plain_postgresql = connection.vendor == "postgresql" and not connection.settings_dict[
        "OPTIONS"
    ].get("server_side_binding")
    with django_assert_max_num_queries(2 if is_plain_postgresql else 7):
        publish(log, *[f"user.{number}" for number in range(200)])


def test_what_is_numbered_inside_a_transaction_goes_with_it(log):
    Event.objects.create(stream="user.1", event_id="x", name="left", data="1", at=5)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert [event.offset for event in log.number_pending()] == [1]
        raise ZeroDivisionError
    assert offsets(log, "user.1") == []
    assert [event.offset for event in log.number_pending()] == [1]


def test_more_than_a_batch_goes_by_age_and_by_count(log, keep, monkeypatch):
    monkeypatch.setattr("realtime.eventlog.database.batches.BATCH", 3)
    keep(COUNT=2, AGE=3600)
    for _ in range(10):
        publish(log, "user.1", "user.2")
    assert log.prune() == 16
    Event.objects.update(logged_at=LONG_AGO)
    assert log.prune() == 4


def test_what_is_not_numbered_yet_is_kept(log, keep):
    keep(AGE=3600)
    left = {"event_id": "x", "name": "left", "data": "1", "at": 5}
    Event.objects.create(stream="user.1", logged_at=LONG_AGO, **left)
    assert log.prune() == 0
    assert [event.name for event in log.number_pending()] == ["left"]


def test_pruning_spares_an_epoch_that_begins_meanwhile(log, keep):
    keep(COUNT=3)
    for _ in range(10):
        publish(log, "user.1")

    def begin(execute, sql, *rest):
        found = execute(sql, *rest)
        if "realtime_streamhead" in sql and not begun:
            begun.append(sql)
            log.forget("user.1")
            publish(log, "user.1", name="fresh")
        return found

    begun = []
    with connection.execute_wrapper(begin):
        retention.prune_by_count("default")
    assert begun
    assert names(log, "user.1") == ["fresh"]
    assert StreamHead.objects.get(name="user.1").pruned == 0


def test_forgetting_a_stream_without_events_leaves_no_row(log):
    log.forget("user.1")
    assert not StreamHead.objects.filter(name="user.1").exists()


def test_an_event_that_is_not_numbered_yet_is_forgotten(log):
    Event.objects.create(stream="user.1", event_id="x", name="left", data="1", at=5)
    log.forget("user.1")
    assert list(log.number_pending()) == []


def test_a_key_whose_event_is_gone_can_be_used_again(log, keep):
    keep(AGE=3600)
    publish(log, "user.1", key="a", name="first")
    Event.objects.update(logged_at=LONG_AGO)
    log.prune()
    publish(log, "user.1", key="a", name="second")
    assert names(log, "user.1") == ["second"]


def test_a_stream_that_begins_during_a_read_is_no_hole(log):
    def begin(execute, sql, *rest):
        found = execute(sql, *rest)
        if "realtime_streamhead" in sql and not begun:
            begun.append(sql)
            publish(log, "user.1", name="first")
        return found

    begun = []
    with connection.execute_wrapper(begin):
        found = page(log, "user.1")
    assert begun
    assert found.position.offset == len(found.events)


def test_without_its_rows_every_stream_begins_a_new_epoch(log):
    publish(log, "user.1")
    before = log.positions(["user.1", "user.2"])
    StreamHead.objects.all().delete()
    Event.objects.all().delete()
    publish(log, "user.1")
    after = log.positions(["user.1", "user.2"])
    assert after["user.1"].offset == 1
    assert not {at.epoch for at in before.values()} & {at.epoch for at in after.values()}


def test_positions_are_asked_for_without_writing(log):
    position(log, "user.1")
    rows = StreamHead.objects.count()
    position(log, "user.2")
    page(log, "user.3")
    assert StreamHead.objects.count() == rows
