"""What a call is by its legs: pure rules, without Django."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from calls.outcomes import Facts, Outcome, unanswered
from calls.states import ACTIVE, FINAL, Direction, State, call_state

PHONE = "client:"
"""How the addresses of agents' phones begin."""


class Leg(Protocol):
    """One leg, as far as it counts here; ``user_id`` is the agent whose phone it is."""

    parent: str
    user_id: int | None
    address: str
    state: str
    answered_at: datetime | None


AnyLeg = TypeVar("AnyLeg", bound=Leg)


@dataclass(frozen=True)
class Known:
    """What is known of a call otherwise."""

    direction: Direction
    conference: bool = False
    transferred: bool = False
    """It is being handed over to an agent."""
    held: bool = False
    voicemail: bool = False
    rung: Collection[int] = ()
    declined: Collection[int] = ()
    rejected: bool = False
    outcome: str = ""


@dataclass(frozen=True)
class Derived(Generic[AnyLeg]):
    """What follows from the legs."""

    state: State
    outcome: str
    talk: AnyLeg | None = None
    """The leg of who talks now, or talked last; None if nobody does, or a message is left since."""
    answered_at: datetime | None = None
    """When somebody talked first."""


def derive(known: Known, own: State, others: Sequence[AnyLeg]) -> Derived[AnyLeg]:
    """Return what a call is whose own leg is in the state ``own``, with these child legs."""
    own = State.IN_PROGRESS if outlasts_own_leg(known, others) else own
    state = call_state(known.direction, own, [State(leg.state) for leg in others])
    answers = {id(leg): leg.answered_at for leg in others if leg.answered_at}
    if not answers:
        return Derived(state, unanswered(_facts(known, own, others)) or "")
    if is_left_to_voicemail(known, state, others):
        return Derived(state, known.outcome)
    talks = [leg for leg in others if id(leg) in answers]
    newest = max(talks, key=lambda leg: (is_up(leg), answers[id(leg)]))
    # A call whose conversation is over or interrupted doesn't ring again.
    goes_on = state if state in FINAL else State.IN_PROGRESS
    return Derived(goes_on, Outcome.ANSWERED, newest, min(answers.values()))


def split(legs: Sequence[AnyLeg]) -> tuple[AnyLeg | None, list[AnyLeg]]:
    """Return the call's own leg of its legs, if it is known, and the others."""
    own = next((leg for leg in legs if not leg.parent), None)
    return own, [leg for leg in legs if leg.parent]


def is_up(leg: Leg) -> bool:
    """Say whether somebody is connected at a leg."""
    return leg.state == State.IN_PROGRESS


def customers(known: Known, others: Sequence[AnyLeg]) -> list[AnyLeg]:
    """Return the customer's leg, of an outgoing call that was or is being handed over."""
    if known.direction != Direction.OUTBOUND or not known.conference:
        return []
    return [leg for leg in others if not (leg.user_id or leg.address.startswith(PHONE))]


def outlasts_own_leg(known: Known, others: Sequence[AnyLeg]) -> bool:
    """Say whether an outgoing call goes on without the leg of the agent who placed it.

    Another agent's phone is up, or the customer waits for one, is held or leaves a message.
    """
    up = [leg for leg in others if is_up(leg)]
    keeps = known.transferred or known.held or known.voicemail
    waits = keeps and bool(customers(known, up))
    return known.direction == Direction.OUTBOUND and (waits or any(leg.user_id for leg in up))


def is_left_to_voicemail(known: Known, state: State, others: Sequence[AnyLeg]) -> bool:
    """Say whether the customer leaves a message after a conversation."""
    theirs = customers(known, others)
    agents = [leg for leg in others if leg not in theirs]
    return known.voicemail and state in ACTIVE and not any(map(is_up, agents))


def is_connected(known: Known, legs: Sequence[AnyLeg]) -> bool:
    """Say whether two people are connected, of all legs of a call, as far as is known."""
    up = [leg for leg in legs if is_up(leg)]
    return any(leg.parent for leg in up) and len(up) > len(customers(known, up))


def is_complete(known: Known, own: AnyLeg | None, others: Sequence[AnyLeg]) -> bool:
    """Say whether all conversations are known of a call that is over.

    What may be missing is one with a phone that was called.
    """
    if any(leg.state in ACTIVE for leg in others):
        return False
    picked_up = own is not None and own.answered_at is not None
    called = picked_up if known.direction == Direction.OUTBOUND else bool(known.rung)
    return bool(others) or not called


def _facts(known: Known, own: State, others: Sequence[AnyLeg]) -> Facts:
    return Facts(
        direction=known.direction,
        own=own,
        others=[State(leg.state) for leg in others],
        rung=known.rung,
        declined=known.declined,
        rejected=known.rejected,
        voicemail=known.voicemail,
    )
