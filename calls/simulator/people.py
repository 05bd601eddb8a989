"""How people behave whose phones ring: pure, without Django.

A client that is called alone by REST picks up by itself, as the phone of an agent does who has
pressed Answer or placed a call. Other clients ring until somebody picks them up. Numbers answer
after a while, but for a few that stand for people who don't.
"""

from collections.abc import Sequence

from calls.states import State

CLIENT = "client:"

Plan = Sequence[tuple[float, State]]
"""Seconds after the call began, and the state that it then enters."""

BUSY = "+15550100666"
NOBODY = "+15550100777"
UNKNOWN = "+15550100404"
SHORT = "+15550100888"

PICKS_UP: Plan = ((0.0, State.INITIATED), (0.1, State.RINGING), (0.5, State.IN_PROGRESS))
RINGS: Plan = PICKS_UP[:2]
ANSWERS: Plan = ((0.0, State.INITIATED), (0.5, State.RINGING), (3.0, State.IN_PROGRESS))
NUMBERS: dict[str, Plan] = {
    BUSY: ((0.0, State.INITIATED), (1.0, State.BUSY)),
    NOBODY: ANSWERS[:2],
    UNKNOWN: ((0.0, State.INITIATED), (0.5, State.FAILED)),
    SHORT: (*ANSWERS, (8.0, State.COMPLETED)),
}
"""Numbers that behave in a way of their own: busy, nobody there, unknown, hangs up after 5 s."""

MESSAGE_SECONDS = 4
"""Seconds that a caller speaks to ``<Record>`` before hanging up."""


def plan(address: str, *, alone_by_rest: bool) -> Plan:
    """Return what a phone does that is called now."""
    if address.startswith(CLIENT):
        return PICKS_UP if alone_by_rest else RINGS
    return NUMBERS.get(address, ANSWERS)
