"""Whose phones ring for a call, by what its legs say: pure rules, without Django."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calls.derivation import Leg, is_up
from calls.states import ACTIVE, FINAL, State

SILENT = FINAL - {State.FAILED}
"""The ends of a leg that rang; one that failed may never have rung, and its agent may answer."""


@dataclass(frozen=True)
class Ringing:
    """``now`` are the agents whose phones ring, ``transfer_to`` is the one who is to get the call.

    All are primary keys.
    """

    now: Sequence[int]
    transfer_to: int | None = None

    def after(self, leg: Leg, legs: Iterable[Leg], state: State) -> "Ringing":
        """Return what rings after ``leg``, one of ``legs``, has changed; the call is in ``state``.

        The ringing ends where a phone has stopped, and everywhere once an agent talks.
        """
        others = (other for other in legs if other != leg)
        rang = leg.state in FINAL and leg.answered_at is None
        over = rang and not is_active_at(leg.user_id, others)
        handed_over = leg.user_id == self.transfer_to and (is_up(leg) or over)
        transfer_to = None if handed_over else self.transfer_to
        if state == State.IN_PROGRESS and transfer_to is None:
            return Ringing([])
        stopped = {leg.user_id} if over and leg.state in SILENT else set()
        return Ringing([agent for agent in self.now if agent not in stopped], transfer_to)


def is_active_at(agent: int | None, legs: Iterable[Leg]) -> bool:
    """Tell whether a leg at this agent's phone rings or is up."""
    return any(leg.user_id == agent and leg.state in ACTIVE for leg in legs)
