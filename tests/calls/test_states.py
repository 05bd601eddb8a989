"""The rules of a call's states, without Django."""

import itertools
import subprocess
import sys

import pytest

from calls.states import ACTIVE, FINAL, MOVES, Refusal, State, refusal

STATES_IN_ORDER = [State.QUEUED, State.INITIATED, State.RINGING, State.IN_PROGRESS, State.COMPLETED]


def test_the_states_are_called_as_twilio_calls_them() -> None:
    twilio = "queued initiated ringing in-progress completed busy failed no-answer canceled"
    assert set(State) == set(twilio.split())


def test_every_state_is_active_or_final() -> None:
    assert {"queued", "initiated", "ringing", "in-progress"} == ACTIVE
    assert set(State) - ACTIVE == FINAL
    assert set(MOVES) == set(State)


@pytest.mark.parametrize(("earlier", "later"), list(itertools.combinations(STATES_IN_ORDER, 2)))
def test_a_call_goes_forward_even_over_missing_events_and_never_back(
    earlier: State, later: State
) -> None:
    assert refusal(earlier, later) is None
    assert refusal(later, earlier) is Refusal.IMPOSSIBLE


@pytest.mark.parametrize("state", State)
def test_a_repeated_state_is_no_move(state: State) -> None:
    assert refusal(state, state) is Refusal.IMPOSSIBLE


@pytest.mark.parametrize(("final", "other"), list(itertools.product(FINAL, State)))
def test_a_final_state_stays(final: State, other: State) -> None:
    assert refusal(final, other) is Refusal.IMPOSSIBLE


@pytest.mark.parametrize(
    ("active", "final"), list(itertools.product(ACTIVE - {State.IN_PROGRESS}, FINAL))
)
def test_a_call_that_nobody_answered_may_end_in_any_way(active: State, final: State) -> None:
    assert refusal(active, final) is None


@pytest.mark.parametrize("outcome", [State.BUSY, State.NO_ANSWER, State.CANCELED])
def test_an_answered_call_does_not_end_unanswered(outcome: State) -> None:
    assert refusal(State.IN_PROGRESS, outcome) is Refusal.IMPOSSIBLE


@pytest.mark.parametrize(
    ("last", "sequence", "expected"),
    [
        (2, 1, Refusal.LATE),
        (2, 2, Refusal.LATE),
        (2, 3, None),
        (2, 9, None),
        (None, 0, None),
        (2, None, None),
    ],
)
def test_the_sequence_number_shows_what_is_late(
    last: int | None, sequence: int | None, expected: Refusal | None
) -> None:
    assert refusal(State.RINGING, State.COMPLETED, last=last, sequence=sequence) is expected


def test_the_rules_need_no_django() -> None:
    program = "import calls.states, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
