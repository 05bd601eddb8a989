"""How a leg goes on whose ``<Dial>`` has ended, of a call that has become a conference."""

from typing import Any

import pytest
from django.test import Client

from calls.agents import phone
from calls.availability import Standing, standings
from calls.models import Call
from calls.outcomes import Outcome
from calls.states import State
from tests.calls.twilio_api import TwilioApi, refusal
from tests.calls.twilio_webhooks import CALL_SID, Poster, event, leg_sid

LEG = "CA2"


@pytest.fixture
def call(api: TwilioApi, ringing: Call, twilio: Poster) -> Call:
    """A call that alice has."""
    twilio.leg("alice", "in-progress", 2)
    return Call.objects.get(pk=ringing.pk)


def change(call: Call, **fields: Any) -> None:
    Call.objects.filter(pk=call.pk).update(conference=True, **fields)


def dialled(twilio: Poster, call: Call, status: str, **fields: str) -> str:
    """Return what Twilio gets when the caller's ``<Dial>`` has ended."""
    form = event("in-progress", DialCallSid=LEG, DialCallStatus=status, **fields)
    return str(twilio.post(f"/calls/twilio/dialled/?call={call.pk}", form).text)


# The statuses of a leg that was redirected aren't documented.
@pytest.mark.parametrize("status", ["completed", "answered", "no-answer", "canceled", "", "odd"])
class TestWhoseLegWasMoved:
    @pytest.fixture(autouse=True)
    def moved(self, api: TwilioApi) -> None:
        api.call(LEG, "in-progress", parent=CALL_SID)

    def test_the_customer_is_held(self, twilio: Poster, call: Call, status: str) -> None:
        change(call, held=True)
        assert "<Play " in dialled(twilio, call, status)

    def test_the_customer_rings_at_the_other_agents_phone(
        self, twilio: Poster, call: Call, bob: Any, status: str
    ) -> None:
        change(call, transfer_to=bob)
        assert f"<Identity>agent_{bob.pk}</Identity>" in dialled(twilio, call, status)

    def test_the_customer_meets_the_agent(self, twilio: Poster, call: Call, status: str) -> None:
        change(call)
        assert "<Conference " in dialled(twilio, call, status)


def test_after_a_talk_the_call_ends(api: TwilioApi, twilio: Poster, call: Call) -> None:
    change(call)
    api.call(LEG, "completed", parent=CALL_SID)
    assert dialled(twilio, call, "completed").endswith("<Response />")


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
@pytest.mark.parametrize("twilio_is_away", [True, False])
def test_who_is_not_taken_comes_back_to_the_agent(
    api: TwilioApi, twilio: Poster, call: Call, bob: Any, status: str, twilio_is_away: bool
) -> None:
    change(call, transfer_to=bob, held=True)
    api.call(LEG, status, parent=CALL_SID, to=phone(bob))
    if twilio_is_away:
        api.faults = {0: refusal(500, 20500)}
    assert "<Conference " in dialled(twilio, call, status)
    call.refresh_from_db()
    assert (call.transfer_to, call.held) == (None, False)


@pytest.fixture
def alone(api: TwilioApi, call: Call, twilio: Poster, alice: Any, bob: Any) -> Call:
    """A caller whom bob didn't take, after alice has hung up."""
    change(call, transfer_to=bob, rung_now=[bob.pk])
    twilio.leg("alice", "completed", 3)
    about = {"parent": CALL_SID, "direction": "outbound-dial"}
    api.call(CALL_SID, "in-progress")
    api.call(leg_sid("alice"), "completed", to=phone(alice), **about)
    api.call(LEG, "no-answer", to=phone(bob), **about)
    assert "<Record " in dialled(twilio, call, "no-answer")
    return Call.objects.get(pk=call.pk)


def test_who_comes_back_to_nobody_may_leave_a_message_and_be_taken(
    alone: Call, desk: Client, bob: Any, alice: Any, twilio: Poster
) -> None:
    assert (alone.state, alone.voicemail, alone.rung_now) == (State.RINGING, True, [])
    assert standings([alice, bob]) == dict.fromkeys([alice.pk, bob.pk], Standing.AVAILABLE)
    taken = Call.objects.claim(alone.pk, bob)
    assert taken.claimant == bob
    twilio.leg("bob", "in-progress", 2)
    alone.refresh_from_db()
    assert (alone.state, alone.answered_by, alone.voicemail) == (State.IN_PROGRESS, bob, False)


def test_who_leaves_a_message_after_a_talk_has_been_answered(
    alone: Call, alice: Any, twilio: Poster
) -> None:
    twilio.leg("bob", "no-answer", 2)
    alone.refresh_from_db()
    assert (alone.state, alone.voicemail) == (State.RINGING, True)
    twilio.status("completed", 3)
    alone.refresh_from_db()
    assert (alone.state, alone.outcome) == (State.COMPLETED, Outcome.ANSWERED)
    assert (alone.answered_by, alone.voicemail) == (alice, True)


def test_the_end_of_an_earlier_dial_that_comes_twice_ends_no_later_transfer(
    api: TwilioApi, twilio: Poster, call: Call, bob: Any
) -> None:
    api.call(LEG, "canceled", parent=CALL_SID, to=phone(bob))
    change(call, transfer_to=bob, rung=[1, 2, bob.pk, bob.pk], rung_now=[bob.pk])
    form = event("in-progress", DialCallSid=LEG, DialCallStatus="canceled")
    address = f"/calls/twilio/dialled/?call={call.pk}&claim=&called="
    assert f"agent_{bob.pk}<" in twilio.post(f"{address}3", form).text
    call.refresh_from_db()
    assert (call.transfer_to, call.rung_now) == (bob, [bob.pk])
    assert "<Conference " in twilio.post(f"{address}4", form).text
    call.refresh_from_db()
    assert (call.transfer_to, call.rung_now) == (None, [])


@pytest.mark.parametrize("answer", [refusal(500, 20500), refusal(429, 20429)])
def test_a_customer_is_not_lost_while_twilio_is_away(
    api: TwilioApi, twilio: Poster, call: Call, answer: Any
) -> None:
    change(call)
    api.faults = {0: answer}
    assert "<Conference " in dialled(twilio, call, "completed")


def test_a_leg_that_is_over_goes_nowhere(api: TwilioApi, twilio: Poster, call: Call) -> None:
    change(call, held=True)
    assert dialled(twilio, call, "completed", CallStatus="completed").endswith("<Response />")
    assert not api.asked
