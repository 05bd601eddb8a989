"""Calls: what the one door makes of what the company says, and who may claim a call."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls.models import Call, CallConflict, Leg, Message
from calls.states import FINAL, State

INBOUND = {"direction": "inbound", "from_number": "+15550100123", "to_number": "+15550100000"}
OUTBOUND = {"direction": "outbound", "from_number": "+15550100000", "to_number": "+15550100199"}
UNANSWERED = [State.BUSY, State.NO_ANSWER, State.CANCELED, State.FAILED]


@pytest.fixture
def call(alice: Any, bob: Any) -> Call:
    with Call.objects.change(Call.objects.record("CA1", State.RINGING, **INBOUND).pk) as call:
        call.rung = call.rung_now = [alice.pk, bob.pk]
    return call


@pytest.fixture
def outgoing(alice: Any) -> Call:
    with Call.objects.change(Call.objects.record("CA1", State.QUEUED, **OUTBOUND).pk) as call:
        call.placed_by = alice
    return call


def own(state: State, **more: Any) -> Call:
    return Call.objects.record("CA1", state, **more)


def leg(agent: Any, state: State, **more: Any) -> Call:
    sid = f"CAleg{agent.pk}" if agent else "CAcustomer"
    return Call.objects.record(sid, state, parent="CA1", agent=agent, **more)


@pytest.mark.parametrize("ends", [State.CANCELED, State.NO_ANSWER])
def test_the_late_end_of_an_earlier_leg_silences_nobody(alice: Any, bob: Any, ends: State) -> None:
    call = Call.objects.record("CA1", State.RINGING, **INBOUND, rung_now=[alice.pk, bob.pk])
    for sid in ("CA2", "CA3"):
        Call.objects.record(sid, State.RINGING, parent="CA1", agent=bob)
    Call.objects.record("CA2", ends, parent="CA1", agent=bob)
    call.refresh_from_db()
    assert call.rung_now == [alice.pk, bob.pk]
    Call.objects.record("CA3", ends, parent="CA1", agent=bob)
    call.refresh_from_db()
    assert call.rung_now == [alice.pk]


@pytest.mark.parametrize("rings", [True, False])
def test_the_late_end_of_a_talk_ends_no_transfer_back(alice: Any, bob: Any, rings: bool) -> None:
    call = Call.objects.record("CA1", State.IN_PROGRESS, **INBOUND)
    Call.objects.record("CA2", State.IN_PROGRESS, parent="CA1", agent=bob)
    Call.objects.record("CA3", State.IN_PROGRESS, parent="CA1", agent=alice)
    with Call.objects.change(call.pk) as back:
        back.transfer_to, back.rung_now, back.conference = bob, [bob.pk], True
    if rings:
        Call.objects.record("CA4", State.RINGING, parent="CA1", agent=bob)
    Call.objects.record("CA2", State.COMPLETED, parent="CA1", agent=bob, duration=9)
    call.refresh_from_db()
    assert (call.transfer_to, call.rung_now) == (bob, [bob.pk])
    Call.objects.record("CA4", State.NO_ANSWER, parent="CA1", agent=bob)
    call.refresh_from_db()
    assert (call.transfer_to, call.rung_now) == (None, [])


def test_a_call_keeps_its_times_and_length(call: Call, bob: Any) -> None:
    answered = leg(bob, State.IN_PROGRESS)
    over = own(State.COMPLETED, duration=5)
    assert call.started_at < answered.answered_at < over.ended_at
    assert over.started_at == call.started_at
    assert over.answered_at == answered.answered_at
    assert (over.duration, over.version) == (5, 4)


@pytest.mark.parametrize("final", FINAL)
def test_every_end_has_its_time(call: Call, final: State) -> None:
    assert own(final).ended_at is not None


def test_data_is_what_an_event_carries(call: Call, bob: Any) -> None:
    answered = leg(bob, State.IN_PROGRESS)
    assert answered.data() == {
        "call": call.pk,
        "sid": "CA1",
        "state": "in-progress",
        "direction": "inbound",
        "from": "+15550100123",
        "to": "+15550100000",
        "number": "+1 555 010 0123",
        "version": 3,
        "at": round(answered.changed_at.timestamp() * 1000),
        "started_at": round(call.started_at.timestamp() * 1000),
        "answered_at": round(answered.answered_at.timestamp() * 1000),
        "ended_at": None,
        "answered_by": {"id": bob.pk, "name": "bob"},
        "placed_by": None,
        "claimed_by": None,
        "rejected_by": None,
        "transfer_to": None,
        "claimed_until": None,
        "ringing": [],
        "declined": [],
        "unreceived": [],
        "calling": None,
        "outcome": "answered",
        "voicemail": False,
        "message": None,
        "held": False,
        "certain": True,
    }


def test_an_agent_with_a_full_name_is_called_by_it(call: Call, bob: Any) -> None:
    bob.first_name, bob.last_name = "Bob", "Builder"
    bob.save()
    assert leg(bob, State.IN_PROGRESS).data()["answered_by"]["name"] == "Bob Builder"


def test_a_caller_is_not_talking_while_the_phones_ring(call: Call, alice: Any) -> None:
    leg(alice, State.RINGING)
    assert own(State.IN_PROGRESS).state == State.RINGING


@pytest.mark.parametrize("state", UNANSWERED)
def test_a_phone_that_stops_ringing_is_silent_and_the_others_ring_on(
    call: Call, alice: Any, bob: Any, state: State
) -> None:
    leg(bob, State.RINGING)
    after = leg(bob, state)
    assert after.state == State.RINGING
    # A phone that failed was perhaps never rung; its agent may still answer at the desk.
    assert after.rung_now == ([alice.pk, bob.pk] if state == State.FAILED else [alice.pk])


def test_each_leg_counts_its_own_events(call: Call, alice: Any, bob: Any) -> None:
    own(State.IN_PROGRESS, sequence=7)
    leg(alice, State.RINGING, sequence=5)
    assert leg(bob, State.IN_PROGRESS, sequence=2).answered_by == bob
    assert sorted(Leg.objects.values_list("sequence", flat=True)) == [2, 5, 7]


def test_what_comes_late_or_twice_changes_nothing(call: Call, bob: Any) -> None:
    leg(bob, State.IN_PROGRESS, sequence=2)
    version = own(State.COMPLETED).version
    leg(bob, State.RINGING, sequence=1)
    leg(bob, State.IN_PROGRESS, sequence=2)
    own(State.RINGING)
    assert own(State.COMPLETED).version == version


def test_a_second_agent_who_is_really_connected_replaces_the_first(
    call: Call, alice: Any, bob: Any
) -> None:
    leg(bob, State.IN_PROGRESS)
    assert leg(alice, State.IN_PROGRESS).answered_by == alice
    assert leg(alice, State.COMPLETED).answered_by == bob


def test_an_answer_that_comes_after_the_end_fills_in_who_talked_and_when(
    call: Call, bob: Any
) -> None:
    leg(bob, State.RINGING, sequence=1)
    leg(bob, State.COMPLETED, sequence=3)
    Call.objects.filter(pk=call.pk).update(started_at=timezone.now() - timedelta(minutes=2))
    over = own(State.COMPLETED)
    assert (over.outcome, over.answered_by) == ("missed", None)
    at = timezone.now() - timedelta(minutes=1)
    late = leg(bob, State.IN_PROGRESS, sequence=2, at=at)
    assert (late.state, late.outcome, late.answered_by) == (State.COMPLETED, "answered", bob)
    assert (late.answered_at, late.ended_at) == (at, over.ended_at)
    assert late.version == over.version + 1


def test_an_answer_of_an_unknown_leg_after_the_end_does_the_same(call: Call, bob: Any) -> None:
    own(State.COMPLETED)
    late = leg(bob, State.IN_PROGRESS)
    assert (late.state, late.outcome, late.answered_by) == (State.COMPLETED, "answered", bob)
    assert late.claimed_until is None and late.rung_now == []


def test_a_leg_that_was_completed_after_some_seconds_was_answered(call: Call, bob: Any) -> None:
    Call.objects.filter(pk=call.pk).update(started_at=timezone.now() - timedelta(minutes=2))
    leg(bob, State.RINGING)
    Leg.objects.filter(call=call).update(started_at=timezone.now() - timedelta(minutes=2))
    after = leg(bob, State.COMPLETED, duration=30)
    assert (after.state, after.answered_by) == (State.IN_PROGRESS, bob)
    assert 29 < (timezone.now() - after.answered_at).total_seconds() < 31


def test_a_call_whose_only_talk_is_over_is_asked_for_soon(call: Call, bob: Any) -> None:
    leg(bob, State.IN_PROGRESS)
    talking = Call.objects.get()
    assert talking.check_at - talking.changed_at > timedelta(minutes=5)
    leg(bob, State.COMPLETED)
    with Call.objects.change(call.pk) as held:
        held.held = True
    assert held.check_at - held.changed_at == timedelta(seconds=5)


ENDS = [
    # the caller's leg, the phones, who declined, what the desk says
    (State.COMPLETED, [], [], "missed"),
    (State.COMPLETED, [State.NO_ANSWER, State.NO_ANSWER], [], "missed"),
    (State.COMPLETED, [State.CANCELED, State.CANCELED], [], "gave-up"),
    (State.COMPLETED, [State.BUSY, State.NO_ANSWER], [0], "missed"),
    (State.COMPLETED, [State.CANCELED, State.CANCELED], [0, 1], "declined"),
    (State.CANCELED, [], [], "gave-up"),
    (State.NO_ANSWER, [], [], "missed"),
    (State.BUSY, [], [], "busy"),
    (State.FAILED, [], [], "failed"),
]


@pytest.mark.parametrize(("state", "phones", "declined", "outcome"), ENDS)
def test_how_a_call_ended_that_nobody_answered(
    call: Call,
    alice: Any,
    bob: Any,
    state: State,
    phones: list[State],
    declined: list[int],
    outcome: str,
) -> None:
    for agent, end in zip([alice, bob], phones, strict=False):
        leg(agent, end)
    with Call.objects.change(call.pk) as changed:
        changed.declined = [[alice, bob][index].pk for index in declined]
    assert own(state).outcome == outcome


def test_a_call_that_was_ended_for_all_while_it_rang_was_declined(call: Call, bob: Any) -> None:
    with Call.objects.change(call.pk) as changed:
        changed.rejected_by = bob
    assert own(State.COMPLETED).data()["outcome"] == "declined"


@pytest.mark.parametrize(("rung", "outcome"), [(False, "nobody-there"), (True, "missed")])
def test_a_caller_who_was_asked_for_a_message(
    call: Call, alice: Any, rung: bool, outcome: str
) -> None:
    with Call.objects.change(call.pk) as changed:
        changed.voicemail, changed.rung = True, [alice.pk] if rung else []
    over = own(State.COMPLETED)
    assert over.outcome == outcome
    with Call.objects.change(call.pk) as changed:
        changed.message = Message.objects.create(call=changed, recording="RE1", seconds=7)
    assert changed.data()["message"] == {"seconds": 7}


def test_an_outgoing_call_says_whose_phone_rings(outgoing: Call, alice: Any) -> None:
    assert outgoing.data()["calling"] == "agent"
    assert own(State.RINGING).data()["calling"] == "agent"
    answered = own(State.IN_PROGRESS)
    assert (answered.state, answered.data()["calling"]) == (State.RINGING, "customer")
    leg(None, State.RINGING)
    talking = leg(None, State.IN_PROGRESS)
    assert (talking.state, talking.answered_by) == (State.IN_PROGRESS, alice)
    assert talking.data()["calling"] is None


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.BUSY, "busy"),
        (State.NO_ANSWER, "missed"),
        (State.FAILED, "failed"),
        (State.CANCELED, "gave-up"),
    ],
)
def test_how_an_outgoing_call_ended(outgoing: Call, state: State, outcome: str) -> None:
    own(State.IN_PROGRESS)
    leg(None, state)
    assert own(State.COMPLETED).outcome == outcome


def test_a_placed_call_gets_its_sid_by_the_first_who_knows_it(alice: Any) -> None:
    now = timezone.now()
    placed = Call.objects.create(
        **OUTBOUND, placed_by=alice, state=State.QUEUED, started_at=now, changed_at=now
    )
    assert Call.objects.record("CA1", State.INITIATED, pk=placed.pk, **OUTBOUND).pk == placed.pk
    assert Call.objects.record("CA1", State.QUEUED, pk=placed.pk, **OUTBOUND).state == "initiated"
    assert Call.objects.count() == 1


def test_of_two_agents_the_first_gets_the_call(call: Call, alice: Any, bob: Any) -> None:
    claimed = Call.objects.claim(call.pk, alice)
    assert claimed.data()["claimed_by"] == {"id": alice.pk, "name": "alice"}
    assert claimed.version == call.version + 1
    with pytest.raises(CallConflict, match="alice has this call"):
        Call.objects.claim(call.pk, bob)


def test_only_the_request_that_made_a_claim_can_release_it(call: Call, alice: Any) -> None:
    Call.objects.claim(call.pk, alice, "first")
    with pytest.raises(CallConflict, match="already"):
        Call.objects.claim(call.pk, alice, "second")
    Call.objects.release(call.pk, "second")
    Call.objects.release(call.pk, "")
    assert Call.objects.get().claimant == alice
    Call.objects.release(call.pk, "first")
    assert Call.objects.get().data()["claimed_by"] is None


def test_a_claim_ends_by_itself(call: Call, alice: Any, bob: Any) -> None:
    Call.objects.claim(call.pk, alice)
    Call.objects.update(claimed_until=timezone.now())
    assert Call.objects.claim(call.pk, bob).claimant == bob


def test_a_claimed_call_goes_to_the_phone_that_really_answered(
    call: Call, alice: Any, bob: Any
) -> None:
    Call.objects.claim(call.pk, alice)
    answered = leg(bob, State.IN_PROGRESS)
    assert (answered.answered_by, answered.claimed_by) == (bob, None)


def test_without_a_known_phone_the_claimant_has_answered(call: Call, alice: Any) -> None:
    Call.objects.claim(call.pk, alice)
    answered = Call.objects.record("CA2", State.IN_PROGRESS, parent="CA1")
    assert answered.answered_by == alice


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.COMPLETED])
def test_only_a_ringing_call_can_be_claimed(call: Call, alice: Any, bob: Any, state: State) -> None:
    leg(bob, state) if state == State.IN_PROGRESS else own(state)
    with pytest.raises(CallConflict):
        Call.objects.claim(call.pk, alice)
    call.refresh_from_db()
    assert call.claimed_by is None


def test_an_outbound_call_that_rings_there_can_not_be_claimed(outgoing: Call, alice: Any) -> None:
    with pytest.raises(CallConflict, match="isn't ringing here"):
        Call.objects.claim(outgoing.pk, alice)


def test_a_transfer_ends_when_the_other_phone_answers_or_stops(
    call: Call, alice: Any, bob: Any
) -> None:
    leg(alice, State.IN_PROGRESS)
    for end, talker in [(State.NO_ANSWER, alice), (State.IN_PROGRESS, bob)]:
        with Call.objects.change(call.pk) as changed:
            changed.transfer_to, changed.rung_now = bob, [bob.pk]
        assert changed.check_at - changed.changed_at == timedelta(seconds=40)
        after = Call.objects.record(f"CA{end}", end, parent="CA1", agent=bob)
        assert (after.state, after.answered_by) == (State.IN_PROGRESS, talker)
        assert (after.transfer_to, after.rung_now) == (None, [])


def test_what_others_do_not_see_is_not_published(call: Call, changes: list[Any]) -> None:
    with Call.objects.change(call.pk) as changed:
        changed.failed_checks = 3
    with Call.objects.change(call.pk):
        pass
    assert changes == []
    assert Call.objects.get().failed_checks == 3
    with Call.objects.change(call.pk) as changed:
        changed.declined.append(7)
    assert changes == [("ringing", "ringing", call.version + 1)]


def test_a_row_is_written_only_when_something_has_changed(call: Call, alice: Any) -> None:
    with CaptureQueriesContext(connection) as same, Call.objects.change(call.pk) as unchanged:
        unchanged.rung = [*unchanged.rung]
    with CaptureQueriesContext(connection) as unseen, Call.objects.change(call.pk) as changed:
        changed.rung = [alice.pk]  # Nobody sees it.
    updates = [any("UPDATE" in one["sql"] for one in queries) for queries in (same, unseen)]
    assert updates == [False, True]
    assert Call.objects.get(pk=call.pk).rung == [alice.pk]
    assert unchanged.version == changed.version == call.version
