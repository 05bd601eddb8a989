"""How calls end: the rules, for what no single webhook shows."""

import subprocess
import sys
from dataclasses import replace

import pytest

from calls.outcomes import Facts, Outcome, unanswered
from calls.states import ACTIVE, FINAL, Direction, State, call_state

NOTHING = Facts(
    direction=Direction.INBOUND,
    own=State.COMPLETED,
    others=[],
    rung=[],
    declined=[],
    rejected=False,
    voicemail=False,
)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("state", State)
def test_every_end_has_an_outcome_and_nothing_else_has(direction: Direction, state: State) -> None:
    outcome = unanswered(replace(NOTHING, direction=direction, own=state))
    assert (outcome is None) is (state in ACTIVE)
    assert outcome is not Outcome.ANSWERED


def test_who_was_rung_and_has_not_declined_has_missed_the_call() -> None:
    assert unanswered(replace(NOTHING, rung=[1, 2], declined=[1, 3])) is Outcome.MISSED
    assert unanswered(replace(NOTHING, rung=[1, 2], declined=[1, 2, 3])) is Outcome.DECLINED


def test_a_caller_who_left_during_the_sentence_did_not_give_up_on_a_ringing_phone() -> None:
    heard = replace(NOTHING, others=[State.CANCELED], rung=[1], voicemail=True)
    assert unanswered(heard) is Outcome.MISSED


@pytest.mark.parametrize("end", FINAL)
def test_a_call_is_over_when_its_own_leg_is(end: State) -> None:
    assert call_state(Direction.INBOUND, end, [State.IN_PROGRESS]) == end


def test_the_rules_need_no_django() -> None:
    code = "import calls.outcomes, calls.certainty, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
