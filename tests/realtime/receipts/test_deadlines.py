"""A deadline is written with its event, in the publisher's transaction."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from realtime import apublish, publish
from realtime.eventlog import event_log
from realtime.models.receipts import Deadline
from realtime.receipts import deadlines
from realtime.receipts.deadlines import settle_received
from realtime.receipts.handing_on import hand_on_overdue
from tests.realtime.receipts.conftest import seconds_left

HERE = "tests.realtime.receipts.otherwise"


def test_it_has_all_that_the_function_is_to_get(log):
    event_id = publish(["user.1", "user.2"], "order", {"n": 7}, within=3, otherwise=f"{HERE}.note")
    deadline = Deadline.objects.get(pk=event_id)
    assert json.loads(deadline.streams) == ["user.1", "user.2"]
    assert (deadline.name, json.loads(deadline.data)) == ("order", {"n": 7})
    assert (deadline.otherwise, deadline.settled_at) == (f"{HERE}.note", None)
    assert seconds_left() <= 3


async def test_async_code_gets_the_id_too(log):
    event_id = await apublish("user.1", "n", within=3)
    assert await Deadline.objects.filter(pk=event_id).aexists()


def test_after_a_rollback_there_is_neither_event_nor_deadline(log):
    with pytest.raises(LookupError), transaction.atomic():
        publish("user.1", "n", within=3)
        raise LookupError
    assert not Deadline.objects.exists()
    assert event_log().positions(["user.1"])["user.1"].offset == 0


def test_the_time_begins_with_the_commit_of_the_caller(log):
    with transaction.atomic():
        publish("user.1", "n", within=300)
        Deadline.objects.update(due_at=F("due_at") - timedelta(seconds=200))
    assert 100 < seconds_left() <= 300


def test_before_that_nothing_is_overdue(log):
    with transaction.atomic():
        publish("user.1", "n", within=1)
        past = timedelta(seconds=5)
        Deadline.objects.update(due_at=F("due_at") - past, try_at=F("try_at") - past)
        assert hand_on_overdue() == 0
    assert hand_on_overdue(later=2) == 1


@pytest.mark.parametrize("late", [0.1, 0])
def test_a_repetition_leaves_the_first_deadline_as_it_is(log, monkeypatch, late):
    monkeypatch.setattr(deadlines, "LATE_COMMIT", late)
    first = publish(["a.1", "a.2"], "n", 1, key="k", within=300)
    assert publish(["a.2", "a.1"], "n", 2, key="k", within=900) == first
    assert seconds_left() <= 300  # There is one.
    publish("a.1", "n", key="other", within=3)
    publish("a.3", "n", key="k", within=3)
    publish("a.1", "n", within=3)
    publish("a.1", "n", within=3)
    assert Deadline.objects.count() == 5


def test_where_nobody_is_addressed_nobody_receives_it(log):
    event_id = publish([], "n", within=3)
    assert Deadline.objects.get(pk=event_id).streams == "[]"


def test_publishing_without_a_deadline_makes_the_same_queries_as_ever(log):
    publish("user.1", "warm", None)
    with CaptureQueriesContext(connection) as queries:
        publish("user.1", "n")
    assert not [one["sql"] for one in queries if "deadline" in one["sql"]]
    with CaptureQueriesContext(connection) as with_deadline:
        publish("user.1", "n", within=3)
    written = [one["sql"] for one in with_deadline if "realtime_deadline" in one["sql"]]
    assert len(written) == 1


def test_what_was_received_is_settled_once(log):
    one, other = publish("a.1", "n", within=3), publish("a.1", "n", within=3)
    settle_received({one}, "default")
    assert list(Deadline.objects.filter(was_received=True).values_list("pk", flat=True)) == [one]
    settled_at = Deadline.objects.get(pk=one).settled_at
    settle_received({one, other}, "default")
    assert Deadline.objects.get(pk=one).settled_at == settled_at
    assert Deadline.objects.get(pk=other).was_received
