"""Whose phones ring next, and what follows a ``<Dial>`` that has ended."""

from datetime import UTC, datetime, timedelta

import pytest

from calls.rounds import ROUND_SIZE, AfterDial, Candidate, Dial, after_dial, next_round
from calls.states import FINAL, State

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def candidate(pk: int, idle_minutes: int) -> Candidate:
    return Candidate(pk, NOON - timedelta(minutes=idle_minutes))


def test_the_longest_idle_are_called_first() -> None:
    assert next_round([candidate(1, 5), candidate(2, 50), candidate(3, 20)]) == [2, 3, 1]


def test_the_older_user_is_first_of_two_who_became_idle_together() -> None:
    assert next_round([candidate(2, 5), candidate(1, 5)]) == [1, 2]


def test_a_round_has_ten_and_the_next_round_the_next_ten() -> None:
    everybody = [candidate(pk, idle_minutes=100 - pk) for pk in range(1, 26)]
    first = next_round(everybody)
    second = next_round(everybody, without=first)
    third = next_round(everybody, without=[*first, *second])
    assert [len(one) for one in (first, second, third)] == [ROUND_SIZE, ROUND_SIZE, 5]
    assert [*first, *second, *third] == list(range(1, 26))
    assert next_round(everybody, without=[*first, *second, *third]) == []


def after(
    answered: bool = False,
    *,
    dial_claim: str = "",
    dial_called: int | None = 2,
    state: State = State.RINGING,
    claim: str = "",
) -> AfterDial:
    dial = Dial(answered, dial_claim, dial_called)
    return after_dial(dial, state=state, claim=claim, called=2)


@pytest.mark.parametrize("dial_called", [2, None])
def test_where_nobody_answered_others_are_called(dial_called: int | None) -> None:
    assert after(dial_called=dial_called) == AfterDial.NEXT_ROUND


def test_the_same_webhook_again_calls_nobody_else() -> None:
    assert after(dial_called=0) == AfterDial.REPEAT


@pytest.mark.parametrize("state", [State.RINGING, State.IN_PROGRESS])
def test_after_a_talk_the_call_ends(state: State) -> None:
    assert after(answered=True, state=state) == AfterDial.NOTHING


@pytest.mark.parametrize("final", FINAL)
def test_for_a_call_that_is_over_nobody_is_called(final: State) -> None:
    assert after(state=final) == AfterDial.NOTHING


@pytest.mark.parametrize("dial_called", [2, 0, None])
def test_when_a_round_ends_the_phone_of_the_agent_who_pressed_answer_rings(
    dial_called: int | None,
) -> None:
    """A caller who was moved to her phone isn't there to hear it."""
    assert after(claim="hers", dial_called=dial_called) == AfterDial.CLAIMED


def test_an_agent_who_talks_interrupts_the_round() -> None:
    assert after(state=State.IN_PROGRESS) == AfterDial.NOTHING


def test_a_second_agent_who_answers_interrupts_the_first_whose_phone_was_silent() -> None:
    assert after(dial_claim="hers", claim="his") == AfterDial.CLAIMED


@pytest.mark.parametrize("claim", ["hers", ""])
def test_a_phone_that_does_not_accept_gives_the_call_back(claim: str) -> None:
    assert after(dial_claim="hers", claim=claim) == AfterDial.RESUME
