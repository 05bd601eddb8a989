"""The conferences of the modelled company."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from tests.calls.histories.legs import Leg


@dataclass
class Member:
    leg: Leg
    ends_it: bool
    held: bool = False


@dataclass
class Conference:
    sid: str
    name: str
    members: dict[str, Member] = field(default_factory=dict)
    is_over: bool = False

    def resource(self) -> dict[str, Any]:
        status = "completed" if self.is_over else "in-progress"
        return {"sid": self.sid, "friendly_name": self.name, "status": status}

    def participants(self) -> list[dict[str, Any]]:
        return [{"call_sid": sid, "hold": one.held} for sid, one in self.members.items()]


class Conferences:
    """``leave_dial`` has a leg go on; ``talk`` takes two legs that now hear each other."""

    def __init__(self, leave_dial: Callable[[Leg], None], talk: Callable[[Leg, Leg], None]) -> None:
        self.all: list[Conference] = []
        self._leave_dial, self._talk = leave_dial, talk

    def named(self, name: str) -> Conference | None:
        return next((one for one in self.all if one.name == name and not one.is_over), None)

    def join(self, leg: Leg, noun: Element) -> None:
        conference = self.named(noun.text or "")
        if conference is None:
            conference = Conference(f"CF{len(self.all) + 1:032x}", noun.text or "")
            self.all.append(conference)
        ends_it = noun.get("endConferenceOnExit") == "true"
        conference.members[leg.sid] = Member(leg, ends_it)
        self._connect(conference)

    def leave(self, leg: Leg, name: str) -> None:
        conference = self.named(name)
        member = conference.members.pop(leg.sid, None) if conference else None
        if conference is None or member is None:
            return
        if member.ends_it or not conference.members:
            conference.is_over = True
            others, conference.members = conference.members, {}
            for other in others.values():
                self._leave_dial(other.leg)

    def update(self, conference: Conference, sid: str, fields: dict[str, str]) -> None:
        member = conference.members[sid]
        if "Hold" in fields:
            member.held = fields["Hold"] == "true"
            self._connect(conference)
        if "EndConferenceOnExit" in fields:
            member.ends_it = fields["EndConferenceOnExit"] == "true"

    def holds(self, leg: Leg) -> bool:
        members = [one.members.get(leg.sid) for one in self.all]
        return any(member.held for member in members if member)

    def pairs(self) -> list[tuple[Leg, Leg]]:
        """Return those who hear each other: (customer, agent)."""
        return [pair for one in self.all for pair in hearing(one)]

    def _connect(self, conference: Conference) -> None:
        for customer, agent in hearing(conference):
            self._talk(customer, agent)


def hearing(conference: Conference) -> list[tuple[Leg, Leg]]:
    heard = [one.leg for one in conference.members.values() if not one.held]
    agents = [leg for leg in heard if leg.is_agents]
    customers = [leg for leg in heard if not leg.is_agents]
    return [(customer, agent) for customer in customers for agent in agents]
