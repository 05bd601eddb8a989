"""Calls: what they record, and which agent may claim one."""

from typing import Any

import pytest

from calls.models import Call, CallConflict
from calls.states import FINAL, State

INBOUND = {"direction": "inbound", "from_number": "+15550100123", "to_number": "+15550100000"}


@pytest.fixture
def call(alice: Any, bob: Any) -> Call:
    return Call.objects.record("CA1", State.RINGING, **INBOUND)


def test_a_call_keeps_its_times_and_length(call: Call) -> None:
    answered = Call.objects.record("CA1", State.IN_PROGRESS)
    over = Call.objects.record("CA1", State.COMPLETED, duration=5)
    assert call.started_at < answered.answered_at < over.ended_at
    assert over.started_at == call.started_at
    assert over.answered_at == answered.answered_at
    assert (over.duration, over.version) == (5, 3)


@pytest.mark.parametrize("final", FINAL)
def test_every_end_has_its_time(call: Call, final: State) -> None:
    assert Call.objects.record("CA1", final).ended_at is not None


def test_data_is_what_an_event_carries(call: Call, bob: Any) -> None:
    answered = Call.objects.record("CA1", State.IN_PROGRESS, agent=bob)
    assert answered.data() == {
        "call": call.pk,
        "sid": "CA1",
        "state": "in-progress",
        "direction": "inbound",
        "from": "+15550100123",
        "to": "+15550100000",
        "version": 2,
        "answered_by": {"id": bob.pk, "name": "bob"},
        "at": round(answered.answered_at.timestamp() * 1000),
    }


def test_an_agent_with_a_full_name_is_called_by_it(call: Call, bob: Any) -> None:
    bob.first_name, bob.last_name = "Bob", "Builder"
    answered = Call.objects.record("CA1", State.IN_PROGRESS, agent=bob)
    assert answered.data()["answered_by"]["name"] == "Bob Builder"


def test_of_two_agents_the_first_gets_the_call(call: Call, alice: Any, bob: Any) -> None:
    Call.objects.claim(call.pk, alice)
    with pytest.raises(CallConflict, match="alice has this call"):
        Call.objects.claim(call.pk, bob)
    assert Call.objects.claim(call.pk, alice).claimed_by == alice


def test_a_claimed_call_goes_to_the_phone_that_really_answered(
    call: Call, alice: Any, bob: Any
) -> None:
    Call.objects.claim(call.pk, alice)
    assert Call.objects.record("CA1", State.IN_PROGRESS, agent=bob).answered_by == bob


def test_without_an_answering_phone_the_claimant_has_answered(call: Call, alice: Any) -> None:
    Call.objects.claim(call.pk, alice)
    assert Call.objects.record("CA1", State.IN_PROGRESS).answered_by == alice


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.COMPLETED])
def test_only_a_ringing_call_can_be_claimed(call: Call, alice: Any, state: State) -> None:
    Call.objects.record("CA1", state)
    with pytest.raises(CallConflict):
        Call.objects.claim(call.pk, alice)
    call.refresh_from_db()
    assert call.claimed_by is None


def test_an_outbound_call_that_rings_there_can_not_be_claimed(alice: Any) -> None:
    outbound = {**INBOUND, "direction": "outbound"}
    call = Call.objects.record("CA2", State.RINGING, **outbound)
    with pytest.raises(CallConflict, match="isn't ringing here"):
        Call.objects.claim(call.pk, alice)
