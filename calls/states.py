"""The states of a call and the moves between them: pure rules, without Django.

The states are Twilio's, from "Call status values" in https://www.twilio.com/docs/voice/api/call-resource:
``queued`` and ``initiated`` exist for outbound calls only, and an inbound call begins ``ringing``.
``busy``, ``no-answer`` and ``canceled`` are said of calls that nobody had answered.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """The state of a call, in Twilio's words (``CallStatus``)."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


class Refusal(StrEnum):
    """Why an event doesn't change a call."""

    LATE = "late"
    """A later event of the call, or this very one, was taken before."""
    IMPOSSIBLE = "impossible"
    """The call's state doesn't lead to this one: it is the same, lies behind, or was the end."""


FINAL = frozenset(
    {State.COMPLETED, State.BUSY, State.FAILED, State.NO_ANSWER, State.CANCELED},
)
ACTIVE = frozenset(State) - FINAL

# Webhooks get lost and overtake each other, so any later state may follow, not only the next one.
# `completed` straight from `ringing` is also what a caller's hang-up looks like: to carry out
# <Dial> Twilio itself picks up, so for Twilio that call was answered, though by no agent.
MOVES: Mapping[State, frozenset[State]] = {
    State.QUEUED: FINAL | {State.INITIATED, State.RINGING, State.IN_PROGRESS},
    State.INITIATED: FINAL | {State.RINGING, State.IN_PROGRESS},
    State.RINGING: FINAL | {State.IN_PROGRESS},
    State.IN_PROGRESS: frozenset({State.COMPLETED, State.FAILED}),
    **{state: frozenset() for state in FINAL},
}
"""Where a call may go from each state."""


def refusal(
    current: State, new: State, *, last: int | None = None, sequence: int | None = None
) -> Refusal | None:
    """Say why a call in state ``current`` can't take an event with state ``new``; None if it can.

    ``sequence`` is the event's ``SequenceNumber`` and ``last`` that of the newest event taken (None
    for either if there was none). Twilio counts the events of a call in the order in which they
    occurred, from 0, and doesn't promise that the webhooks arrive in that order
    (https://www.twilio.com/docs/voice/api/call-resource#statuscallback).
    """
    if last is not None and sequence is not None and sequence <= last:
        return Refusal.LATE
    if new not in MOVES[current]:
        return Refusal.IMPOSSIBLE
    return None
