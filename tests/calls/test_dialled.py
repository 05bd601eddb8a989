"""How a leg goes on whose ``<Dial>`` has ended, of a call that has become a conference."""

from typing import Any

import pytest

from calls.agents import phone
from calls.models import Call
from tests.calls.twilio_api import TwilioApi, refusal
from tests.calls.twilio_webhooks import CALL_SID, Poster, event

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
