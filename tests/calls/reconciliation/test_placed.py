"""A call that was placed without an answer is found again, or was never placed."""

from datetime import timedelta
from typing import Any

from calls.agents import phone
from calls.certainty import PLACING
from calls.models import Call
from calls.reconciliation import sweep
from calls.states import State
from calls.telephony import OutcomeUnknown, Report
from tests.calls.reconciliation.company import Company
from tests.calls.reconciliation.conftest import after

OWN = {"direction": "outbound-api", "from_number": "+15550100000"}


def to_alice(call: Call, sid: str, state: State, *legs: Report) -> Report:
    """Return what the company says of a leg to the phone of alice, who placed the call."""
    address = phone(call.placed_by)
    return Report(sid=sid, state=state, to_number=address, legs=legs, **OWN)


def stored(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def test_the_company_has_placed_it(placed: Call, company: Company, alice: Any) -> None:
    customer = Report(sid="CA6", state=State.RINGING, to_number="+15550100199")
    company.placed = [to_alice(placed, "CA5", State.IN_PROGRESS, customer)]
    sweep(after(placed, 2))
    found = stored(placed)
    assert company.asked == ["placed by alice"]
    assert (found.sid, found.state, found.data()["calling"]) == ("CA5", "ringing", "customer")
    assert found.legs.get(sid="CA5").user == alice


def test_another_call_of_the_same_agent_is_not_this_one(
    placed: Call, company: Company, alice: Any
) -> None:
    Call.objects.record("CA4", State.RINGING, direction="outbound")
    Call.objects.filter(sid="CA4").update(placed_by=alice)
    company.placed = [
        to_alice(placed, "CA5", State.RINGING),
        to_alice(placed, "CA4", State.RINGING),
    ]
    sweep(after(placed, 2))
    assert stored(placed).sid == "CA5"


def test_the_company_may_still_be_at_it(placed: Call, company: Company) -> None:
    sweep(after(placed, 14))
    waiting = stored(placed)
    assert (waiting.state, waiting.certain) == ("queued", True)
    assert waiting.check_at == after(placed, 14) + timedelta(seconds=1)


def test_the_end_of_a_doubt_does_not_put_that_off(placed: Call, company: Company) -> None:
    Call.objects.filter(pk=placed.pk).update(certain=False)
    sweep(after(placed, 2))
    assert stored(placed).certain
    assert stored(placed).check_at == placed.started_at + PLACING


def test_the_company_surely_has_not_placed_it(placed: Call, company: Company) -> None:
    sweep(after(placed, 15))
    failed = stored(placed)
    assert (failed.state, failed.outcome, failed.check_at) == ("failed", "failed", None)
    assert failed.ended_at is not None


def test_a_company_that_is_away_has_not_said_no(placed: Call, company: Company) -> None:
    company.away = OutcomeUnknown("The company didn't answer.")
    sweep(after(placed, 60))
    assert (stored(placed).state, stored(placed).certain) == ("queued", False)


def test_a_call_that_a_webhook_has_made_of_it_becomes_one_with_it(
    placed: Call, company: Company, alice: Any
) -> None:
    Call.objects.record("CA5", State.IN_PROGRESS, direction="outbound", to_number=phone(alice))
    Call.objects.record("CA6", State.RINGING, parent="CA5", address="+15550100199")
    company.placed = [to_alice(placed, "CA5", State.IN_PROGRESS)]
    sweep(after(placed, 2))
    (found,) = Call.objects.all()
    assert (found.pk, found.sid, found.placed_by) == (placed.pk, "CA5", alice)
    assert (found.state, found.to_number) == ("ringing", "+15550100199")
    assert list(found.legs.values_list("sid", "user")) == [("CA5", alice.pk), ("CA6", None)]


def test_a_webhook_that_comes_during_the_question_wins(placed: Call, company: Company) -> None:
    def webhook() -> None:
        Call.objects.record("CA5", State.RINGING, pk=placed.pk)

    company.meanwhile = webhook
    sweep(after(placed, 60))
    assert (stored(placed).sid, stored(placed).state) == ("CA5", "ringing")
