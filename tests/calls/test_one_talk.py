"""An agent who talks puts the call on hold before another one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from calls.models import Call
from calls.one_talk import ANSWERING, TALKING
from calls.reconciliation.due import overdue
from calls.states import State
from tests.calls.twilio_webhooks import CALL_SID, Poster
from tests.calls.views.conftest import Company, company

__all__ = ["company"]

OTHER = "CA-other"


@pytest.fixture
def other(ringing: Call, alice: Any) -> Call:
    """A second call, which rings."""
    call = Call.objects.record(
        OTHER, State.RINGING, direction="inbound", from_number="+15550100111", rung_now=[alice.pk]
    )
    assert call is not None
    return call


def answer(desk: Client, call: Call) -> Any:
    return desk.post(f"/calls/{call.pk}/answer/", {"phone": "ringing"})


ACTS: dict[str, Callable[[Client, Call], Any]] = {
    "answer": answer,
    "place": lambda desk, call: desk.post("/calls/", {"to": "+15550100199"}),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_who_talks_begins_no_other_talk_until_that_call_is_on_hold(
    desk: Client, ringing: Call, other: Call, twilio: Poster, company: Company, act: Any
) -> None:
    twilio.leg("alice", "in-progress", 2)
    response = act(desk, other)
    assert (response.status_code, response.json()) == (409, {"error": TALKING})
    assert Call.objects.get(pk=other.pk).claimed_by is None and not company.requests
    # It may be over without our knowledge.
    assert overdue(timezone.now() + timedelta(seconds=1)).filter(pk=ringing.pk).exists()
    desk.post(f"/calls/{ringing.pk}/hold/", {"on": "1"})
    assert act(desk, other).status_code in (201, 202)


def test_a_call_is_not_taken_back_from_hold_during_another_talk(
    desk: Client, alice: Any, ringing: Call, other: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("alice", "in-progress", 2)
    desk.post(f"/calls/{ringing.pk}/hold/", {"on": "1"})
    Call.objects.record("CA-leg", State.IN_PROGRESS, parent=OTHER, agent=alice)
    response = desk.post(f"/calls/{ringing.pk}/hold/", {"on": "0"})
    assert (response.status_code, response.json()) == (409, {"error": TALKING})
    assert Call.objects.get(pk=ringing.pk).held
    Call.objects.record("CA-leg", State.COMPLETED, parent=OTHER)
    Call.objects.record(OTHER, State.COMPLETED)
    assert desk.post(f"/calls/{ringing.pk}/hold/", {"on": "0"}).status_code == 202


def test_who_answers_one_call_does_not_answer_a_second(
    desk: Client, ringing: Call, other: Call, company: Company
) -> None:
    assert answer(desk, ringing).status_code == 202
    assert answer(desk, other).json() == {"error": ANSWERING}
    Call.objects.release(ringing.pk, Call.objects.get(pk=ringing.pk).claim)
    assert answer(desk, other).status_code == 202


def test_a_talk_that_may_be_over_keeps_no_caller_waiting(
    desk: Client, ringing: Call, other: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("alice", "in-progress", 2)
    Call.objects.filter(sid=CALL_SID).update(certain=False)
    assert answer(desk, other).status_code == 202


def test_the_talk_of_another_agent_is_in_nobodys_way(
    desk: Client, ringing: Call, other: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("bob", "in-progress", 2)
    assert answer(desk, other).status_code == 202
