"""What is done about events that nobody received in time."""

import logging

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from realtime import publish, receipt
from realtime.models.receipts import Deadline, Receipt
from realtime.receipts import DeadlineState, UnreceivedEvent, handing_on
from realtime.receipts.handing_on import ATTEMPTS, hand_on_overdue, has_overdue

HERE = "tests.realtime.receipts.otherwise"


def groups():
    return list(Group.objects.values_list("name", flat=True))


@pytest.mark.parametrize("function", ["note", "note_async"])
def test_the_function_is_called_once_with_the_event(log, called, pass_time, function):
    before = timezone.now()
    event_id = publish("user.1", "order", {"n": 7}, within=300, otherwise=f"{HERE}.{function}")
    pass_time(200)
    assert (has_overdue("default"), hand_on_overdue(), called) == (False, 0, [])
    pass_time(200)
    assert (has_overdue("default"), hand_on_overdue(), hand_on_overdue()) == (True, 1, 0)
    (event,) = called
    assert event == UnreceivedEvent(event_id, "order", {"n": 7}, ["user.1"], event.at)
    assert abs((event.at - before).total_seconds()) < 60
    assert groups() == [event_id]
    found = receipt(event_id)
    assert (found.deadline, found.is_received) == (DeadlineState.OVERDUE, False)


def test_a_test_need_not_wait(log, called):
    publish("user.1", "n", within=300, otherwise=f"{HERE}.note")
    assert (hand_on_overdue(later=200), hand_on_overdue(later=150), len(called)) == (0, 1, 1)


def test_a_proof_that_came_before_the_claim_counts(log, called, pass_time):
    event_id = publish("user.1", "n", within=300, otherwise=f"{HERE}.note")
    pass_time(400)
    Receipt.objects.create(event_id=event_id, socket="s", received_at=timezone.now())
    assert (hand_on_overdue(), called) == (1, [])
    assert receipt(event_id).deadline == DeadlineState.RECEIVED


def test_without_a_function_it_is_known_to_be_overdue(log, pass_time):
    event_id = publish("user.1", "n", within=300)
    pass_time(400)
    assert hand_on_overdue() == 1
    assert receipt(event_id).deadline == DeadlineState.OVERDUE


@pytest.mark.parametrize("function", ["fail", "fail_async"])
def test_a_function_that_fails_is_called_again_and_given_up(
    log, called, pass_time, caplog, monkeypatch, function
):
    monkeypatch.setattr(handing_on, "FIRST_PAUSE", 100)
    event_id = publish("user.1", "n", within=300, otherwise=f"{HERE}.{function}")
    other = publish("user.1", "n", within=310, otherwise=f"{HERE}.note")
    pass_time(400)
    assert hand_on_overdue() == 1  # The other one.
    assert [event.id for event in called] == [event_id, other]
    for attempt in range(2, ATTEMPTS + 1):
        pass_time(100 * 2 ** (attempt - 2) - 50)
        assert (hand_on_overdue(), len(called)) == (0, attempt)  # It has a pause.
        pass_time(50)
        hand_on_overdue()
        assert len(called) == 1 + attempt
    pass_time(10_000)
    assert hand_on_overdue() == 0
    assert receipt(event_id).deadline == DeadlineState.FAILED
    assert groups() == [other]  # What it had written went with its exception.
    records = [one for one in caplog.records if one.levelno == logging.ERROR]
    first, last = records[0].getMessage(), records[-1].getMessage()
    assert f"otherwise failed function={HERE}.{function} event={event_id} attempt=1" in first
    assert f"otherwise given up function={HERE}.{function} event={event_id} attempts=5" in last
    assert isinstance(records[-1].exc_info[1], LookupError)


def test_a_function_that_exits_fails_like_one_that_raises(log, pass_time, caplog):
    event_id = publish("user.1", "n", within=300, otherwise=f"{HERE}.leave")
    pass_time(400)
    assert hand_on_overdue() == 0
    assert f"otherwise failed function={HERE}.leave event={event_id} attempt=1" in caplog.text


def test_a_proof_that_comes_in_a_pause_ends_the_attempts(log, called, pass_time):
    event_id = publish("user.1", "n", within=300, otherwise=f"{HERE}.fail")
    pass_time(400)
    hand_on_overdue()
    Receipt.objects.create(event_id=event_id, socket="s", received_at=timezone.now())
    pass_time(60)
    assert (hand_on_overdue(), len(called)) == (1, 1)
    assert receipt(event_id).deadline == DeadlineState.RECEIVED


def test_a_process_that_dies_in_the_function_leaves_it_to_another(log, called, pass_time):
    event_id = publish("user.1", "n", within=300, otherwise=f"{HERE}.note")
    pass_time(400)
    with transaction.atomic():
        hand_on_overdue()
        transaction.set_rollback(True)
    assert (groups(), Deadline.objects.get().settled_at) == ([], None)
    assert hand_on_overdue() == 1
    assert groups() == [event_id]


def test_a_function_that_is_gone_fails_like_one_that_raises(log, pass_time, caplog):
    event_id = publish("user.1", "n", within=300, otherwise=f"{HERE}.note")
    Deadline.objects.update(otherwise=f"{HERE}.renamed")
    pass_time(400)
    assert hand_on_overdue() == 0
    assert f"otherwise failed function={HERE}.renamed event={event_id}" in caplog.text
