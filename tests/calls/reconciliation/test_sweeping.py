"""The sweep: which calls it asks for, and when again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from calls.models import Call
from calls.reconciliation import sweep
from calls.states import State
from calls.telephony import OutcomeUnknown, Refused
from tests.calls.reconciliation.company import Company, own_leg, phone
from tests.calls.reconciliation.conftest import INBOUND, after

AWAY = OutcomeUnknown("The company didn't answer.")


def stored(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def pause(call: Call, since: datetime) -> float:
    """Return the seconds until the call is asked for again."""
    again = stored(call).check_at
    assert again is not None
    return (again - since).total_seconds()


def test_only_what_is_due_is_asked_for(call: Call, company: Company) -> None:
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    sweep(after(call, 39))
    assert company.asked == []
    sweep(after(call, 40))
    assert company.asked == ["CA1"]


def test_a_call_that_is_over_is_never_asked_for_again(call: Call, company: Company) -> None:
    company.answers["CA1"] = own_leg(call, State.COMPLETED)
    for minutes in (1, 10, 10_000):
        sweep(after(call, 60 * minutes))
    assert company.asked == ["CA1"]
    assert stored(call).state == "completed"


def test_a_call_that_goes_on_ringing_is_asked_for_more_seldom(call: Call, company: Company) -> None:
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    pauses = []
    for seconds in (40, 60, 90, 135, 195):
        sweep(after(call, seconds))
        pauses.append(pause(call, after(call, seconds)))
    assert pauses == [20, 30, 45, 60, 60]
    assert stored(call).version == call.version


def test_a_company_that_answers_again_is_asked_for_all_that_is_in_doubt(
    call: Call, company: Company
) -> None:
    Call.objects.record("CA2", State.RINGING, **INBOUND)
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    later = after(call, 100)
    Call.objects.filter(sid="CA2").update(certain=False, check_at=after(call, 160))
    company.answers["CA2"] = replace(own_leg(call, State.COMPLETED), sid="CA2")
    sweep(later)
    assert company.asked == ["CA1", "CA2"]
    other = Call.objects.get(sid="CA2")
    assert (other.state, other.certain) == ("completed", True)


def test_a_talk_is_asked_for_every_ten_minutes(call: Call, company: Company, bob: Any) -> None:
    Call.objects.record("CA2", State.IN_PROGRESS, parent="CA1", agent=bob)
    talking = Call.objects.record("CA1", State.IN_PROGRESS)
    assert pause(talking, talking.changed_at) == 600
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(bob, State.IN_PROGRESS, "CA2"))
    sweep(after(talking, 600))
    assert pause(talking, after(talking, 600)) == 600


def test_a_call_whose_talk_is_over_is_asked_for_soon(
    call: Call, company: Company, bob: Any
) -> None:
    Call.objects.record("CA2", State.IN_PROGRESS, parent="CA1", agent=bob)
    over = Call.objects.record("CA2", State.COMPLETED, parent="CA1", duration=3)
    with Call.objects.change(call.pk) as held:
        held.held = True
    assert pause(over, stored(call).changed_at) == 5
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(bob, State.COMPLETED, "CA2"))
    sweep(after(stored(call), 5))
    assert pause(call, after(stored(call), 5)) == 5


def test_the_company_is_away_the_call_is_in_doubt_and_asked_for_again(
    call: Call, company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    company.away = AWAY
    now, pauses = after(call, 40), []
    for _ in range(7):
        sweep(now)
        pauses.append(pause(call, now))
        now = stored(call).check_at or now
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    doubted = stored(call)
    assert (doubted.certain, doubted.state) == (False, "ringing")
    assert doubted.version == call.version + 1
    assert "call can't be asked for" in caplog.text
    company.away = None
    company.answers["CA1"] = own_leg(call, State.RINGING)
    sweep(now)
    assert stored(call).certain
    assert stored(call).failed_checks == 0
    assert stored(call).version == call.version + 2


def test_a_company_that_refuses_to_answer_has_not_answered(call: Call, company: Company) -> None:
    company.away = Refused("The company doesn't accept this site's account.")
    sweep(after(call, 40))
    assert (stored(call).certain, stored(call).state) == (False, "ringing")


def test_a_call_in_doubt_is_asked_for_as_planned_whatever_agents_do(
    call: Call, company: Company, alice: Any
) -> None:
    company.away = AWAY
    sweep(after(call, 40))
    planned = stored(call).check_at
    with Call.objects.change(call.pk) as declined:
        declined.declined.append(alice.pk)
    assert stored(call).check_at == planned


def test_a_webhook_ends_the_doubt(call: Call, company: Company, bob: Any) -> None:
    company.away = AWAY
    sweep(after(call, 40))
    answered = Call.objects.record("CA2", State.IN_PROGRESS, parent="CA1", agent=bob)
    assert answered.certain
    assert pause(call, stored(call).changed_at) == 600


def test_a_webhook_during_a_question_in_vain_leaves_no_doubt(
    call: Call, company: Company, bob: Any
) -> None:
    Call.objects.filter(pk=call.pk).update(check_at=call.changed_at)
    company.away = AWAY
    company.meanwhile = lambda: Call.objects.record(
        "CA2", State.IN_PROGRESS, parent="CA1", agent=bob
    )
    sweep(after(call, 0))
    assert stored(call).certain
    assert pause(call, stored(call).changed_at) == 600


def test_calls_whose_turn_does_not_come_are_in_doubt_too(call: Call, company: Company) -> None:
    """While the company lets one question wait, the others can't be asked for."""
    company.away = AWAY
    other = Call.objects.record("CA2", State.RINGING, **INBOUND)
    Call.objects.filter(pk=other.pk).update(check_at=call.check_at)
    states: list[bool] = []
    company.meanwhile = lambda: states.append(stored(other).certain)
    sweep(after(call, 40) + timedelta(seconds=14))
    assert states[0]
    Call.objects.update(certain=True, check_at=call.check_at)
    states.clear()
    sweep(after(call, 40) + timedelta(seconds=15))
    assert not states[0]


def test_the_end_of_a_claim_is_noticed(call: Call, company: Company, alice: Any) -> None:
    claimed = Call.objects.claim(call.pk, alice)
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    for seconds in range(30):
        sweep(after(claimed, seconds))
    assert company.asked == ["CA1"] * 3  # after 8, 13 and 20 s
    assert stored(call).claimed_by == alice
    sweep(after(claimed, 31))
    assert stored(call).claimed_by is None


def test_two_sweeps_at_the_same_moment_ask_once(call: Call, company: Company) -> None:
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS)
    now = after(call, 40)

    def second() -> None:
        company.meanwhile = lambda: None
        sweep(now)

    company.meanwhile = second
    sweep(now)
    assert company.asked == ["CA1"]
