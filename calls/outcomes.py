"""How calls end, in the words of the desk: pure rules, without Django.

Twilio's final state isn't enough. A caller who hears all phones ring in vain and hangs up has a
call that is ``completed``, like one who talked.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from calls.states import FINAL, Direction, State


class Outcome(StrEnum):
    ANSWERED = "answered"
    MISSED = "missed"
    DECLINED = "declined"
    GAVE_UP = "gave-up"
    """The side that called hung up before an answer."""
    BUSY = "busy"
    NOBODY_THERE = "nobody-there"
    """No agent was available, so no phone rang."""
    FAILED = "failed"


@dataclass(frozen=True)
class Facts:
    """What is known of a call that nobody answered."""

    direction: Direction
    own: State
    """The state of the call's own leg."""
    others: Collection[State]
    """The states of its child legs."""
    rung: Collection[int]
    """The agents whose phones were rung."""
    declined: Collection[int]
    """The agents who declined it for themselves."""
    rejected: bool
    """An agent ended it for all while it rang."""
    voicemail: bool
    """The caller was asked for a message."""


ENDS = {
    State.BUSY: Outcome.BUSY,
    State.FAILED: Outcome.FAILED,
    State.NO_ANSWER: Outcome.MISSED,
    State.CANCELED: Outcome.GAVE_UP,
}
"""What a final state says by itself; ``completed`` says nothing about a call without an answer."""


def unanswered(facts: Facts) -> Outcome | None:
    """Return how a call ended that nobody answered; None while it goes on."""
    if facts.own not in FINAL:
        return None
    return _outbound(facts) if facts.direction == Direction.OUTBOUND else _inbound(facts)


def _outbound(facts: Facts) -> Outcome:
    """The customer's leg says more than the agent's, which is ``completed`` in each case."""
    ends = [ENDS[state] for state in facts.others if state in ENDS]
    return ends[0] if ends else ENDS.get(facts.own, Outcome.GAVE_UP)


def _inbound(facts: Facts) -> Outcome:
    if facts.rejected or (facts.rung and set(facts.rung) <= set(facts.declined)):
        return Outcome.DECLINED
    if facts.own in ENDS:
        return ENDS[facts.own]
    if facts.voicemail and not facts.rung:
        return Outcome.NOBODY_THERE
    # Phones that stopped ringing because the caller went away were canceled, all of them.
    if facts.others and set(facts.others) == {State.CANCELED} and not facts.voicemail:
        return Outcome.GAVE_UP
    return Outcome.MISSED
