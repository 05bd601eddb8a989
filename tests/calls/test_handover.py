"""An agent who has handed a call over is let go when the other one has it."""

from datetime import timedelta
from typing import Any

import pytest

from calls.handover import let_go
from calls.models import Call, Leg
from calls.telephony import OutcomeUnknown
from tests.calls.twilio_webhooks import Poster, leg_sid
from tests.calls.views.conftest import Company


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def both(ringing: Call, twilio: Poster, alice: Any, bob: Any) -> Call:
    """A conference in which alice waits, while bob talks with the caller."""
    twilio.leg("alice", "in-progress", 2)
    with Call.objects.change(ringing.pk) as call:
        call.conference, call.transfer_to = True, bob
    later = Leg.objects.get(user=alice).answered_at - timedelta(minutes=1)
    Leg.objects.filter(user=alice).update(answered_at=later)
    twilio.leg("bob", "in-progress", 2)
    return Call.objects.listed().get(pk=ringing.pk)


def test_who_waits_is_let_go(both: Call, bob: Any, company: Company) -> None:
    let_go(both, bob, company)
    assert company.requests == [("end leg", leg_sid("alice"))]


def test_a_company_that_is_away_is_no_fault_of_the_call(
    both: Call, bob: Any, company: Company
) -> None:
    company.failure = OutcomeUnknown("Twilio didn't answer.")
    let_go(both, bob, company)
    assert len(company.requests) == 1


def test_a_late_webhook_of_who_waits_ends_nothing(both: Call, alice: Any, company: Company) -> None:
    let_go(both, alice, company)
    let_go(both, None, company)
    assert not company.requests


def test_a_call_that_is_no_conference_was_not_handed_over(
    both: Call, bob: Any, company: Company
) -> None:
    both.conference = False
    let_go(both, bob, company)
    assert not company.requests
