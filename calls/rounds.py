"""Whose phones ring for a call, and what follows when they have rung: pure rules.

Phones ring in rounds of up to ten, the agents who have been idle longest first. Twilio calls that
"simultaneous dialing", and gives the call to the first phone that accepts
(https://www.twilio.com/docs/voice/twiml/dial#simultaneous-dialing).
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from calls.states import State

ROUND_SIZE = 10
"""``<Dial>`` takes at most ten ``<Client>`` (https://www.twilio.com/docs/voice/twiml/client)."""


class Candidate(NamedTuple):
    """An agent who could take a call now."""

    pk: int
    idle_since: datetime


def next_round(candidates: Iterable[Candidate], *, without: Collection[int] = ()) -> list[int]:
    """Return the agents who are called next: the longest idle first, none of ``without``."""
    left = [candidate for candidate in candidates if candidate.pk not in without]
    left.sort(key=lambda candidate: (candidate.idle_since, candidate.pk))
    return [candidate.pk for candidate in left[:ROUND_SIZE]]


class AfterDial(StrEnum):
    """What a caller's call does when a ``<Dial>`` has ended."""

    NOTHING = "nothing"
    """It ends: somebody talked, or it is over."""
    CLAIMED = "claimed"
    """An agent has pressed Answer: her phone rings alone. Where it rings already because the caller
    was moved there, Twilio ignores the answer."""
    REPEAT = "repeat"
    """The webhook came twice: the answer is what it was."""
    RESUME = "resume"
    """An agent's phone did not accept: those whose round her claim has ended ring again."""
    NEXT_ROUND = "next-round"


class Dial(NamedTuple):
    """One ``<Dial>`` that has ended, as its ``action`` reports it."""

    answered: bool
    """Somebody talked."""
    claim: str
    """The token of the claim that it was made for, "" for a round."""
    called: int | None
    """How many phones had been called when it began, None where the webhook doesn't say."""


def after_dial(dial: Dial, *, state: State, claim: str, called: int) -> AfterDial:
    """Say what follows a ``<Dial>`` of a caller who is still there.

    ``state`` is the call's. ``claim`` is the token of the claim that holds, "" if none does.
    ``called`` is how many phones have been called so far. A ``<Dial>`` that was interrupted ends
    too, so an ending without an answer does not mean that nobody has the call. Nor does a claim
    mean that the caller was moved.
    """
    if dial.answered or state != State.RINGING:
        return AfterDial.NOTHING
    if claim and claim != dial.claim:
        return AfterDial.CLAIMED
    if dial.claim:
        return AfterDial.RESUME
    return AfterDial.REPEAT if dial.called not in (None, called) else AfterDial.NEXT_ROUND
