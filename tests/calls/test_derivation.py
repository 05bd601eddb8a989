"""What calls are by their legs, without a database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from calls.derivation import Known, derive, is_complete, is_connected
from calls.outcomes import Outcome
from calls.states import Direction, State

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ALICE, BOB = 1, 2
IN, OUT = Known(Direction.INBOUND, rung=[ALICE, BOB]), Known(Direction.OUTBOUND)
CUSTOMER = "+15550100199"


@dataclass(eq=False)
class Leg:
    state: State
    user_id: int | None = None
    answered: int | None = None
    """Seconds after noon."""
    address: str = ""
    parent: str = "CA1"

    @property
    def answered_at(self) -> datetime | None:
        return None if self.answered is None else NOON + timedelta(seconds=self.answered)


def up(user: int | None, answered: int = 0, **more: str) -> Leg:
    return Leg(State.IN_PROGRESS, user, answered, **more)


def ended(user: int | None, answered: int = 0, **more: str) -> Leg:
    return Leg(State.COMPLETED, user, answered, **more)


def rings(user: int | None) -> Leg:
    return Leg(State.RINGING, user)


def conference(**more: bool) -> Known:
    return Known(Direction.OUTBOUND, conference=True, **more)


def test_a_caller_whom_the_company_has_picked_up_still_rings() -> None:
    derived = derive(IN, State.IN_PROGRESS, [rings(ALICE), rings(BOB)])
    assert (derived.state, derived.outcome, derived.talk) == (State.RINGING, "", None)


def test_who_talks_is_who_is_up_and_answered_last() -> None:
    first, second, gone = up(ALICE, 5), up(BOB, 9), ended(ALICE, 20)
    derived = derive(IN, State.IN_PROGRESS, [second, first, gone])
    assert (derived.state, derived.outcome) == (State.IN_PROGRESS, Outcome.ANSWERED)
    assert derived.talk is second
    assert derived.answered_at == NOON + timedelta(seconds=5)


def test_a_call_whose_talk_is_over_does_not_ring_again() -> None:
    assert derive(IN, State.IN_PROGRESS, [ended(ALICE), rings(BOB)]).state == State.IN_PROGRESS


def test_a_late_answer_names_who_talked_and_moves_nothing() -> None:
    talked = ended(BOB, 5)
    derived = derive(IN, State.COMPLETED, [talked])
    assert (derived.state, derived.outcome) == (State.COMPLETED, Outcome.ANSWERED)
    assert derived.talk is talked


def test_a_message_after_a_talk_leaves_the_outcome() -> None:
    known = Known(Direction.INBOUND, voicemail=True, outcome="answered")
    derived = derive(known, State.IN_PROGRESS, [ended(ALICE)])
    assert (derived.state, derived.outcome, derived.talk) == (State.RINGING, "answered", None)
    assert derive(known, State.IN_PROGRESS, [ended(ALICE), up(BOB)]).state == State.IN_PROGRESS
    assert derive(known, State.COMPLETED, [ended(ALICE)]).talk is not None


def test_completed_with_nobody_having_answered_is_missed() -> None:
    derived = derive(IN, State.COMPLETED, [Leg(State.NO_ANSWER, ALICE)])
    assert (derived.state, derived.outcome) == (State.COMPLETED, Outcome.MISSED)


@pytest.mark.parametrize(
    ("known", "others", "state"),
    [
        (conference(), [up(None, address=CUSTOMER)], State.COMPLETED),
        (conference(held=True), [up(None, address=CUSTOMER)], State.IN_PROGRESS),
        (conference(transferred=True), [up(None, address=CUSTOMER)], State.IN_PROGRESS),
        (conference(), [up(None, address=CUSTOMER), up(BOB)], State.IN_PROGRESS),
        (conference(held=True), [ended(None, address=CUSTOMER)], State.COMPLETED),
        (OUT, [up(None, address=CUSTOMER)], State.COMPLETED),
    ],
    ids=["alone", "held", "handed over", "with bob", "gone", "no conference"],
)
def test_when_an_outgoing_call_outlasts_the_agent_who_placed_it(
    known: Known, others: list[Leg], state: State
) -> None:
    assert derive(known, State.COMPLETED, others).state == state


def test_a_customer_alone_is_connected_with_nobody() -> None:
    own = up(ALICE, parent="")
    customer = up(None, address=CUSTOMER)
    assert is_connected(conference(), [own, customer])
    assert not is_connected(conference(), [ended(ALICE, parent=""), customer])
    assert not is_connected(IN, [up(None, parent=""), rings(ALICE)])


def test_what_may_be_missing_of_a_call_that_is_over() -> None:
    caller = ended(None, parent="")
    assert is_complete(IN, caller, [ended(ALICE)])
    assert not is_complete(IN, caller, [])  # Phones were called.
    assert not is_complete(IN, caller, [ended(ALICE), rings(BOB)])
    assert is_complete(Known(Direction.INBOUND), caller, [])
    assert not is_complete(OUT, ended(ALICE, parent=""), [])
    assert is_complete(OUT, Leg(State.NO_ANSWER, ALICE, parent=""), [])
