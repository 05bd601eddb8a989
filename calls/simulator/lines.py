"""Moves legs from state to state, with all that follows from it."""

from datetime import datetime

from calls.simulator import conferences, dialling, scripts
from calls.simulator.legs import enter
from calls.simulator.models import Direction, Kind, Leg, cancel, schedule
from calls.states import FINAL, MOVES, State


def move(leg: Leg, state: State, at: datetime) -> None:
    """Have a leg enter a state, if it can."""
    if state not in MOVES[State(leg.state)]:
        return
    enter(leg, state, at)
    if state == State.IN_PROGRESS:
        _answered(leg, at)
    elif state in FINAL:
        _ended(leg, at)


def end(leg: Leg, at: datetime) -> None:
    """End a leg, whatever it does."""
    talks = leg.state == State.IN_PROGRESS
    move(leg, State.COMPLETED if talks else State.CANCELED, at)


def _answered(leg: Leg, at: datetime) -> None:
    if leg.dialled_by:
        dialling.child_answered(leg, at)
    elif leg.direction == Direction.OUTBOUND_API:
        schedule(leg, Kind.GO_ON, at)


def _ended(leg: Leg, at: datetime) -> None:
    cancel(leg, Kind.MOVE, Kind.END)
    scripts.interrupt(leg, at)
    conferences.leave(leg, at)
    dialling.child_ended(leg, at)
