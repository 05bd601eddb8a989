"""Who is connected with whom, read off what the phone company says of a call."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser

from calls.agents import CLIENT, agent_at
from calls.states import State
from calls.telephony.interface import Report


@dataclass(frozen=True, slots=True)
class Parties:
    """The legs of a call that are up: the customer's, and those of agents' phones."""

    customer: Report | None
    agents: tuple[Report, ...]

    def of(self, agent: AbstractUser) -> tuple[Report, ...]:
        """Return the legs of one agent's phone."""
        return tuple(leg for leg in self.agents if agent_at(phone_address(leg)) == agent)

    def outside(self, conference: Collection[str]) -> Report | None:
        """Return the agent's leg that is not in a conference, given the sids of those in it.

        ``<Dial>`` connects it with the customer, if the customer isn't in the conference either.
        """
        return next((leg for leg in reversed(self.agents) if leg.sid not in conference), None)


def is_agents(leg: Report) -> bool:
    """Say whether a leg is the one of an agent's phone."""
    return phone_address(leg).startswith(CLIENT)


def phone_address(leg: Report) -> str:
    """Return the address at the other end of a leg."""
    return leg.from_number if leg.direction == "inbound" else leg.to_number


def parties(call: Report) -> Parties:
    """Return who is connected, the agents in the order in which their phones were called."""
    connected = [leg for leg in call.all() if leg.state == State.IN_PROGRESS]
    customers = [leg for leg in connected if not is_agents(leg)]
    return Parties(
        customer=customers[0] if customers else None,
        agents=tuple(leg for leg in connected if is_agents(leg)),
    )
