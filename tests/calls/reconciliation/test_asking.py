"""What the company's answer makes of a call."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from calls.models import Call
from calls.reconciliation import ask
from calls.signals import call_recorded
from calls.states import State
from calls.telephony import NoSuchCall, OutcomeUnknown
from tests.calls.reconciliation.company import Company, own_leg, phone
from tests.calls.reconciliation.conftest import INBOUND, after


@pytest.fixture
def outcomes(call: Call) -> Iterator[list[str]]:
    """The outcomes of the changes that desks see."""
    outcomes: list[str] = []

    def record(call: Call, **arguments: Any) -> None:
        outcomes.append(call.outcome)

    call_recorded.connect(record)
    yield outcomes
    call_recorded.disconnect(record)


def asked(call: Call, company: Company, seconds: float = 40) -> Call:
    ask(call, company, after(call, seconds))
    return Call.objects.get(pk=call.pk)


def test_a_lost_answer_is_found(call: Call, company: Company, bob: Any) -> None:
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(bob, State.IN_PROGRESS))
    found = asked(call, company)
    assert (found.state, found.answered_by, found.rung_now) == ("in-progress", bob, [])


def test_an_end_is_found_with_who_talked_and_when(call: Call, company: Company, bob: Any) -> None:
    Call.objects.update(started_at=call.started_at - timedelta(minutes=1))
    ended = call.started_at - timedelta(seconds=30)
    talk = phone(bob, State.COMPLETED, ended_at=ended, duration=12)
    company.answers["CA1"] = own_leg(call, State.COMPLETED, talk, ended_at=ended, duration=29)
    found = asked(call, company)
    assert (found.state, found.outcome, found.answered_by) == ("completed", "answered", bob)
    assert found.answered_at == ended - timedelta(seconds=12)
    assert (found.ended_at, found.duration) == (ended, 29)


def test_no_desk_sees_an_end_without_who_talked(
    call: Call, company: Company, bob: Any, outcomes: list[str]
) -> None:
    talk = phone(bob, State.COMPLETED, duration=12)
    company.answers["CA1"] = own_leg(call, State.COMPLETED, talk, duration=29)
    asked(call, company)
    assert outcomes == ["answered"] * len(outcomes)


def test_a_caller_who_gave_up_is_found(call: Call, company: Company, alice: Any, bob: Any) -> None:
    phones = [phone(alice, State.CANCELED, "CA2"), phone(bob, State.CANCELED, "CA3")]
    company.answers["CA1"] = own_leg(call, State.COMPLETED, *phones)
    found = asked(call, company)
    assert (found.state, found.outcome, found.answered_by) == ("completed", "gave-up", None)


def test_a_transfer_for_which_no_phone_rings_is_over(
    call: Call, company: Company, alice: Any, bob: Any
) -> None:
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(bob, State.IN_PROGRESS))
    asked(call, company)
    with Call.objects.change(call.pk) as moving:
        moving.transfer_to, moving.rung_now = alice, [alice.pk]
    begun = Call.objects.get(pk=call.pk)
    begun.started_at = begun.changed_at
    assert asked(begun, company, 30).transfer_to == alice
    over = asked(begun, company, 41)
    assert (over.transfer_to, over.rung_now, over.answered_by) == (None, [], bob)


def test_a_leg_that_a_child_leg_dialled_is_one_of_the_call(
    call: Call, company: Company, alice: Any, bob: Any
) -> None:
    first = phone(bob, State.COMPLETED, duration=5, legs=(phone(alice, State.IN_PROGRESS, "CA3"),))
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, first)
    found = asked(call, company)
    assert (found.state, found.answered_by) == ("in-progress", alice)
    assert sorted(found.legs.values_list("sid", "parent")) == [
        ("CA-phone", "CA1"),
        ("CA1", ""),
        ("CA3", "CA1"),
    ]


def test_all_is_recorded_or_nothing(call: Call, company: Company, bob: Any) -> None:
    """Desks see the end of a call together with who talked."""
    Call.objects.record("CA9", State.RINGING, **INBOUND)
    taken = phone(bob, State.COMPLETED, sid="CA9", duration=5)
    company.answers["CA1"] = own_leg(call, State.COMPLETED, phone(bob, State.COMPLETED), taken)
    with pytest.raises(Exception):  # noqa: B017
        asked(call, company)
    assert Call.objects.get(pk=call.pk).state == "ringing"


def test_no_row_is_locked_while_the_company_is_asked(call: Call, company: Company) -> None:
    depths: list[int] = []
    company.meanwhile = lambda: depths.append(len(connection.savepoint_ids))
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    before = len(connection.savepoint_ids)
    asked(call, company)
    assert depths == [before]


def test_a_webhook_that_comes_during_the_question_stays(call: Call, company: Company) -> None:
    company.meanwhile = lambda: Call.objects.record("CA1", State.COMPLETED)
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    assert asked(call, company).state == "completed"


def test_a_call_that_the_company_does_not_know_has_failed(
    call: Call, company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    company.answers["CA1"] = NoSuchCall("There is no such call.")
    found = asked(call, company)
    assert (found.state, found.outcome) == ("failed", "failed")
    assert "call unknown to the company" in caplog.text


def test_a_claim_that_has_run_out_is_cleared(call: Call, company: Company, alice: Any) -> None:
    claimed = Call.objects.claim(call.pk, alice)
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    assert asked(claimed, company, 21).claimed_by == alice
    found = asked(claimed, company, 31)
    assert (found.claimed_by, found.claimed_until, found.claim) == (None, None, "")


def test_a_claim_in_doubt_is_cleared_if_its_phone_does_not_ring(
    call: Call, company: Company, alice: Any
) -> None:
    claimed = Call.objects.claim(call.pk, alice, "hers")
    Call.objects.doubt_claim(call.pk, "hers")
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(alice, State.RINGING))
    assert asked(claimed, company, 1).claimed_by == alice
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(alice, State.CANCELED))
    assert asked(claimed, company, 2).claimed_by is None


def test_a_rejection_that_never_reached_the_company_is_cleared(
    call: Call, company: Company, alice: Any
) -> None:
    with Call.objects.change(call.pk) as rejected:
        rejected.rejected_by = alice
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    assert asked(rejected, company, 1).rejected_by == alice  # It may be under way.
    assert asked(rejected, company, 6).rejected_by is None


def test_a_claim_whose_answer_was_lost_is_an_answer(
    call: Call, company: Company, alice: Any
) -> None:
    claimed = Call.objects.claim(call.pk, alice)
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(alice, State.IN_PROGRESS))
    assert asked(claimed, company, 31).answered_by == alice


def test_a_company_that_is_away_changes_nothing(call: Call, company: Company) -> None:
    company.away = OutcomeUnknown("The company didn't answer.")
    with pytest.raises(OutcomeUnknown):
        asked(call, company)
    assert Call.objects.get(pk=call.pk).data() == call.data()
