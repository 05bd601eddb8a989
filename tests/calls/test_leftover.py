"""Agents who wait in a conference with nobody to come: their phones are ended."""

from typing import Any

import pytest
from django.test import Client

from calls.agents import phone
from calls.models import Call
from calls.states import State
from tests.calls.twilio_api import TwilioApi, refusal
from tests.calls.twilio_webhooks import CALL_SID, Poster, event

ALICES, BOBS, CUSTOMERS = "CA2", "CA3", "CA4"


@pytest.fixture
def incoming(twilio: Poster, agents: None, alice: Any) -> Call:
    """Alice talks with a caller, in a conference."""
    twilio.voice()
    call = Call.objects.get(sid=CALL_SID)
    leg(twilio, call, ALICES, "in-progress", phone(alice))
    Call.objects.filter(pk=call.pk).update(conference=True)
    return call


@pytest.fixture
def outgoing(twilio: Poster, agents: None, alice: Any) -> Call:
    """Alice talks with somebody whom she has called, in a conference."""
    own = {"Direction": "outbound-api", "From": "+15550100000", "To": phone(alice)}
    twilio.status("in-progress", 2, **own)
    call = Call.objects.get(sid=CALL_SID)
    call.legs.update(user=alice)
    Call.objects.filter(pk=call.pk).update(conference=True, placed_by=alice)
    leg(twilio, call, CUSTOMERS, "in-progress", "+15550100199")
    return call


def leg(twilio: Poster, call: Call, sid: str, state: str, to: str) -> None:
    about = {"ParentCallSid": CALL_SID, "Direction": "outbound-dial", "To": to}
    number = {"ringing": 1, "in-progress": 2, "completed": 3}[state]
    form = event(state, number, CallSid=sid, **about)
    assert twilio.post(f"/calls/twilio/status/?call={call.pk}", form).status_code == 204


def hand_over(twilio: Poster, call: Call, to: Any) -> None:
    Call.objects.filter(pk=call.pk).update(transfer_to=to)
    leg(twilio, call, BOBS, "ringing", phone(to))
    leg(twilio, call, BOBS, "in-progress", phone(to))


def ended(api: TwilioApi) -> list[str]:
    assert all(asked.fields == {"Status": "completed"} for asked in api.changes())
    return [asked.path for asked in api.changes()]


def test_who_has_handed_a_call_over(
    api: TwilioApi, twilio: Poster, incoming: Call, bob: Any
) -> None:
    api.call(ALICES, "in-progress")
    hand_over(twilio, incoming, bob)
    assert ended(api) == [f"Calls/{ALICES}.json"]
    incoming.refresh_from_db()
    assert (incoming.state, incoming.answered_by) == (State.IN_PROGRESS, bob)


def test_nobody_while_the_other_phone_rings(
    api: TwilioApi, twilio: Poster, incoming: Call, bob: Any
) -> None:
    Call.objects.filter(pk=incoming.pk).update(transfer_to=bob)
    leg(twilio, incoming, BOBS, "ringing", phone(bob))
    assert not api.asked


def test_who_waits_for_a_caller_who_hangs_up(
    api: TwilioApi, twilio: Poster, incoming: Call
) -> None:
    api.call(ALICES, "in-progress")
    twilio.status("completed", 3)
    assert ended(api) == [f"Calls/{ALICES}.json"]


def test_nobody_of_a_call_that_is_no_conference(
    api: TwilioApi, twilio: Poster, incoming: Call, bob: Any
) -> None:
    Call.objects.filter(pk=incoming.pk).update(conference=False)
    leg(twilio, incoming, BOBS, "in-progress", phone(bob))
    assert not api.asked


def test_a_placed_call_goes_on_with_the_other_agent(
    api: TwilioApi, twilio: Poster, outgoing: Call, bob: Any
) -> None:
    api.call(CALL_SID, "in-progress")
    hand_over(twilio, outgoing, bob)
    assert ended(api) == [f"Calls/{CALL_SID}.json"]
    twilio.status("completed", 3, Direction="outbound-api")
    outgoing.refresh_from_db()
    assert (outgoing.state, outgoing.answered_by) == (State.IN_PROGRESS, bob)
    leg(twilio, outgoing, BOBS, "completed", phone(bob))
    outgoing.refresh_from_db()
    assert outgoing.state == State.COMPLETED


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_a_held_customer_whose_agent_is_gone(
    request: Any, api: TwilioApi, twilio: Poster, direction: str, alice: Any
) -> None:
    call = request.getfixturevalue(direction)
    Call.objects.filter(pk=call.pk).update(held=True)
    customers = company_has(api, direction, alice, agent="completed")
    hang_up_phone(twilio, call, direction, alice)
    assert ended(api) == [f"Calls/{customers}.json"]
    call.refresh_from_db()
    assert call.state == State.IN_PROGRESS
    assert call.check_at is not None


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_a_held_customer_whose_agent_is_there_after_all(
    request: Any, api: TwilioApi, twilio: Poster, direction: str, alice: Any
) -> None:
    call = request.getfixturevalue(direction)
    Call.objects.filter(pk=call.pk).update(held=True)
    company_has(api, direction, alice, agent="in-progress")
    hang_up_phone(twilio, call, direction, alice)
    assert not ended(api)


def company_has(api: TwilioApi, direction: str, alice: Any, *, agent: str) -> str:
    """Have Alice's leg in a state, and the customer's up; returns the sid of that."""
    if direction == "incoming":
        api.call(CALL_SID, "in-progress")
        about = {"parent": CALL_SID, "direction": "outbound-dial"}
        api.call(ALICES, agent, to=phone(alice), **about)
        return CALL_SID
    api.call(CALL_SID, agent, direction="outbound-api", to=phone(alice))
    about = {"parent": CALL_SID, "direction": "outbound-dial"}
    api.call(CUSTOMERS, "in-progress", to="+15550100199", **about)
    return CUSTOMERS


def hang_up_phone(twilio: Poster, call: Call, direction: str, alice: Any) -> None:
    if direction == "incoming":
        leg(twilio, call, ALICES, "completed", phone(alice))
    else:
        twilio.status("completed", 3, Direction="outbound-api")


def test_who_leaves_a_call_that_she_hands_over_ends_her_own_leg(
    api: TwilioApi, desk: Client, twilio: Poster, incoming: Call, alice: Any, bob: Any
) -> None:
    Call.objects.filter(pk=incoming.pk).update(transfer_to=bob)
    company_has(api, "incoming", alice, agent="in-progress")
    assert desk.post(f"/calls/{incoming.pk}/hangup/").status_code == 202
    assert ended(api) == [f"Calls/{ALICES}.json"]


@pytest.mark.parametrize("is_known", [True, False])
def test_who_waits_alone_because_an_answer_was_lost_hangs_up_herself(
    api: TwilioApi, desk: Client, incoming: Call, alice: Any, bob: Any, is_known: bool
) -> None:
    if is_known:
        Call.objects.filter(pk=incoming.pk).update(answered_by=bob)
    company_has(api, "incoming", alice, agent="in-progress")
    about = {"parent": CALL_SID, "direction": "outbound-dial"}
    api.call(BOBS, "in-progress", to=phone(bob), **about)
    assert desk.post(f"/calls/{incoming.pk}/hangup/").status_code == 202
    assert ended(api) == [f"Calls/{ALICES}.json"]


def test_who_is_the_last_ends_the_call(
    api: TwilioApi, desk: Client, incoming: Call, alice: Any
) -> None:
    company_has(api, "incoming", alice, agent="in-progress")
    assert desk.post(f"/calls/{incoming.pk}/hangup/").status_code == 202
    assert set(ended(api)) == {f"Calls/{ALICES}.json", f"Calls/{CALL_SID}.json"}


def test_a_company_that_refuses_does_not_refuse_the_state(
    api: TwilioApi, twilio: Poster, incoming: Call
) -> None:
    api.faults = {0: refusal(500, 20500)}
    twilio.status("completed", 3)
    incoming.refresh_from_db()
    assert incoming.state == State.COMPLETED
