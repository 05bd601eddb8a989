"""Which calls are due, and that one process at a time asks for a call."""

from datetime import timedelta
from typing import Any

from calls.models import Call
from calls.reconciliation import ask_soon, ask_unless_over, due_now
from calls.reconciliation.due import LEASE, Lease, give_back, take, take_one
from calls.states import State
from tests.calls.reconciliation.conftest import INBOUND, after
from tests.calls.twilio_webhooks import Poster, event


def check_at(call: Call) -> Any:
    return Call.objects.get(pk=call.pk).check_at


def test_a_ringing_call_is_due_when_its_phones_have_stopped(call: Call) -> None:
    assert take(after(call, 39)) is None
    assert take(after(call, 40)) is not None


def test_what_the_company_says_moves_the_instant(call: Call) -> None:
    with Call.objects.change(call.pk, heard=True) as heard:
        heard.voicemail = True
    assert check_at(call) == heard.changed_at + timedelta(seconds=140)


def test_what_agents_do_never_puts_a_question_off(call: Call, alice: Any) -> None:
    """A call that was picked up, but still rings here, is found although agents try to answer."""
    before = check_at(call)
    with Call.objects.change(call.pk) as declined:
        declined.declined.append(alice.pk)
    assert check_at(call) == before
    Call.objects.claim(call.pk, alice, "hers")
    sooner = check_at(call)
    assert sooner < before
    Call.objects.release(call.pk, "hers")
    assert check_at(call) == sooner


def test_a_call_that_is_over_is_never_due(call: Call) -> None:
    Call.objects.record("CA1", State.COMPLETED)
    assert check_at(call) is None


def test_only_one_gets_the_lease(call: Call) -> None:
    now = after(call, 40)
    assert take(now) is not None
    assert take(now) is None
    assert take_one(call.pk, now) is None


def test_the_lease_of_a_process_that_died_runs_out(call: Call) -> None:
    now = after(call, 40)
    take(now)
    assert take(now + LEASE - timedelta(seconds=1)) is None
    assert take(now + LEASE) is not None


def test_calls_that_ring_are_asked_for_first(call: Call, bob: Any) -> None:
    Call.objects.record("CA2", State.IN_PROGRESS, **INBOUND)
    Call.objects.record("CA3", State.IN_PROGRESS, parent="CA2", agent=bob)
    talking = Call.objects.get(sid="CA2")
    Call.objects.filter(pk=talking.pk).update(check_at=call.check_at - timedelta(minutes=5))
    now = after(call, 40)
    assert [lease.pk for lease in (take(now), take(now)) if lease] == [call.pk, talking.pk]


def leased(call: Call) -> Lease:
    """Return the lease of the call, which is due now."""
    Call.objects.filter(pk=call.pk).update(check_at=after(call, 0))
    lease = take_one(call.pk, after(call, 0))
    assert lease is not None
    return lease


def test_an_answer_sets_the_next_instant(call: Call) -> None:
    again = after(call, 60)
    give_back(leased(call), again)
    assert check_at(call) == again
    assert take(again) is not None


def test_a_change_during_the_question_has_the_last_word(call: Call, alice: Any) -> None:
    lease = leased(call)
    with Call.objects.change(call.pk) as declined:
        declined.declined.append(alice.pk)
    give_back(lease, after(call, 600))
    assert check_at(call) == declined.changed_at + timedelta(seconds=40)


def test_who_asks_for_it_during_the_question_is_answered(call: Call) -> None:
    lease = leased(call)
    ask_soon(call)
    soon = check_at(call)
    give_back(lease, after(call, 600))
    assert check_at(call) == soon


def test_a_lease_that_has_run_out_gives_nothing_back(call: Call) -> None:
    late = leased(call)
    other = take(after(call, 0) + LEASE)
    give_back(late, after(call, 600))
    stored = Call.objects.get(pk=call.pk)
    assert other is not None
    assert (stored.check_at, stored.checked_until) == (after(call, 0), other.until)


def test_asking_soon_makes_a_call_due_now(call: Call) -> None:
    ask_soon(call)
    assert take(after(call, 5)) is not None


def test_a_call_whose_dial_has_ended_is_asked_for_unless_it_ends(call: Call) -> None:
    ask_unless_over(call)
    soon = check_at(call)
    assert after(call, 5) <= soon < after(call, 15)
    ask_unless_over(call)
    assert check_at(call) == soon
    Call.objects.record("CA1", State.COMPLETED)
    assert check_at(call) is None
    ask_unless_over(call)
    assert check_at(call) is None


def test_nobody_asks_soon_for_a_call_that_is_over(call: Call) -> None:
    Call.objects.record("CA1", State.COMPLETED)
    ask_soon(call)
    assert check_at(call) is None


def test_all_active_calls_are_due_soon_after_a_start(call: Call) -> None:
    Call.objects.record("CA2", State.COMPLETED, **INBOUND)
    due_now(after(call, 1))
    assert take(after(call, 5)) is None
    assert take(after(call, 6)) is not None
    assert take(after(call, 6)) is None


def test_a_start_puts_nothing_off(call: Call) -> None:
    due_now(after(call, 39))
    assert check_at(call) == call.check_at


def test_the_end_of_a_dial_is_a_reason_to_ask(twilio: Poster, ringing: Call, bob: Any) -> None:
    Call.objects.record("CA-phone", State.IN_PROGRESS, parent=ringing.sid, agent=bob)
    form = event("in-progress", DialCallStatus="completed", DialCallSid="CA-phone")
    assert twilio.post("/calls/twilio/dialled/", form).status_code == 200
    talking = Call.objects.get(pk=ringing.pk)
    assert check_at(talking) < after(talking, 30)
