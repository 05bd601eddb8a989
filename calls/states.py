"""The states of calls and of their legs, and the moves between them: pure rules, without Django.

The states are Twilio's, from "Call status values" in https://www.twilio.com/docs/voice/api/call-resource:
``queued`` and ``initiated`` exist for outbound legs only, and an inbound one begins ``ringing``.
``busy``, ``no-answer`` and ``canceled`` end legs that nobody answered.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum


class State(StrEnum):
    """The state of a leg or a call, in Twilio's words (``CallStatus``)."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Refusal(StrEnum):
    """Why an event doesn't change a leg."""

    LATE = "late"
    """This event, or a later one of the same leg, was recorded before."""
    IMPOSSIBLE = "impossible"
    """The leg can't enter this state: it is in it, has left it behind, or is over."""


FINAL = frozenset(
    {State.COMPLETED, State.BUSY, State.FAILED, State.NO_ANSWER, State.CANCELED},
)
ACTIVE = frozenset(State) - FINAL
BEFORE_ANSWER = ACTIVE - {State.IN_PROGRESS}

# Webhooks get lost and overtake each other, so any later state may follow, not only the next one.
# A caller who hangs up also takes a call from `ringing` to `completed`: Twilio itself picks up to
# carry out <Dial>, so Twilio counts the call as answered although no agent answered it.
MOVES: Mapping[State, frozenset[State]] = {
    State.QUEUED: FINAL | {State.INITIATED, State.RINGING, State.IN_PROGRESS},
    State.INITIATED: FINAL | {State.RINGING, State.IN_PROGRESS},
    State.RINGING: FINAL | {State.IN_PROGRESS},
    State.IN_PROGRESS: frozenset({State.COMPLETED, State.FAILED}),
    **{state: frozenset() for state in FINAL},
}
"""The states that may follow each state."""


def refusal(
    current: State, new: State, *, last: int | None = None, sequence: int | None = None
) -> Refusal | None:
    """Return why a leg in state ``current`` can't enter the state ``new``; None if it can.

    ``sequence`` is the event's ``SequenceNumber``. ``last`` is that of the newest event recorded.
    Each is None if there is none. Twilio numbers the events of a leg from 0, in the order in which
    they occurred, and doesn't promise that the webhooks arrive in that order
    (https://www.twilio.com/docs/voice/api/call-resource#statuscallback).
    """
    if last is not None and sequence is not None and sequence <= last:
        return Refusal.LATE
    if new not in MOVES[current]:
        return Refusal.IMPOSSIBLE
    return None


def call_state(direction: Direction, own: State, others: Collection[State]) -> State:
    """Return the state of a call whose own leg is ``own`` and whose child legs are ``others``.

    It is in progress when two people are connected. Twilio counts the own leg as in progress
    earlier: the caller's while the agents' phones ring, and the agent's while the customer's does.
    """
    if own in FINAL:
        return own
    if State.IN_PROGRESS in others:
        return State.IN_PROGRESS
    if own == State.IN_PROGRESS or direction == Direction.INBOUND:
        return State.RINGING
    return own


RING_SECONDS = 30
"""Seconds that phones ring before they are given up: Twilio's own default for ``<Dial>``."""
