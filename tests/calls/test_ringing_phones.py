"""Whose phones go on ringing after one of them has done something, without a database."""

import pytest

from calls.ringing_phones import Ringing, is_active_at
from calls.states import State
from tests.calls.test_derivation import ALICE, BOB, Leg, ended, rings, up

BOTH = Ringing([ALICE, BOB])


def stopped(user: int, state: State = State.NO_ANSWER) -> Leg:
    return Leg(state, user)


@pytest.mark.parametrize("state", [State.NO_ANSWER, State.BUSY, State.CANCELED, State.COMPLETED])
def test_a_phone_that_has_stopped_rings_no_more(state: State) -> None:
    leg = stopped(ALICE, state)
    assert BOTH.after(leg, [leg, rings(BOB)], State.RINGING) == Ringing([BOB])


def test_a_leg_that_failed_may_not_have_rung_and_its_agent_may_still_answer() -> None:
    leg = stopped(ALICE, State.FAILED)
    assert BOTH.after(leg, [leg], State.RINGING) == BOTH


def test_an_agent_rings_as_long_as_one_of_her_legs_does() -> None:
    leg = stopped(ALICE)
    assert BOTH.after(leg, [leg, rings(ALICE)], State.RINGING) == BOTH


def test_nothing_rings_once_an_agent_talks() -> None:
    leg = up(ALICE)
    assert BOTH.after(leg, [leg, rings(BOB)], State.IN_PROGRESS) == Ringing([])


def test_a_conversation_goes_on_while_the_next_agent_is_rung() -> None:
    transfer, talk = Ringing([BOB], BOB), up(ALICE)
    assert transfer.after(talk, [talk, rings(BOB)], State.IN_PROGRESS) == transfer


def test_a_transfer_ends_with_the_answer_and_with_the_last_leg_that_rang() -> None:
    transfer, talk = Ringing([BOB], BOB), up(ALICE)
    for leg in (up(BOB), stopped(BOB)):
        assert transfer.after(leg, [talk, leg], State.IN_PROGRESS) == Ringing([])
    again = stopped(BOB)
    assert transfer.after(again, [talk, again, rings(BOB)], State.IN_PROGRESS) == transfer


def test_the_end_of_a_talk_stops_no_phone() -> None:
    leg = ended(ALICE)
    assert BOTH.after(leg, [leg], State.RINGING) == BOTH


def test_whose_leg_rings_or_is_up() -> None:
    legs = [rings(ALICE), ended(BOB)]
    assert is_active_at(ALICE, legs) and not is_active_at(BOB, legs)
