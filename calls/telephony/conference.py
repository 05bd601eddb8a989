"""Hold and transfer at Twilio: a call becomes a conference when it first needs one.

Until then the customer and the agent are connected by the ``<Dial>`` of one of them. Redirecting
the leg that was dialled ends that ``<Dial>``, and its ``action`` says how the other leg goes on
(``Telephony.resume``). docs/twilio.md says why.
"""

from typing import NamedTuple

from django.contrib.auth.models import AbstractUser

from calls.models import Call
from calls.telephony import twiml
from calls.telephony.answers import OVER, question
from calls.telephony.interface import CallOver, Report
from calls.telephony.parties import Parties
from calls.telephony.reports import listed, text
from calls.telephony.rest import Rest

OPEN = ("init", "in-progress")
"""The states of a conference that isn't over
(https://www.twilio.com/docs/voice/api/conference-resource)."""


class Room(NamedTuple):
    """A call's conference, if there is one, and the sids of the legs in it."""

    sid: str
    members: frozenset[str]


NO_ROOM = Room("", frozenset())


class Conferences:
    """The conferences of an account; ``site`` is the base URL that Twilio's webhooks go to."""

    def __init__(self, rest: Rest, site: str) -> None:
        self._rest = rest
        self._site = site

    def hold(self, call: Call, parties: Parties) -> None:
        """Let the customer hear music, while the agent waits in the conference."""
        customer, room = present(parties), self._room(call)
        if customer.sid in room.members:
            self._update(room, customer, Hold="true")
        elif agent := parties.outside(room.members):
            self._part(call, customer, agent, twiml.hold_music())

    def resume(self, call: Call, parties: Parties) -> None:
        """Let the customer talk with the agent who waits."""
        customer, room = present(parties), self._room(call)
        if customer.sid in room.members:
            self._update(room, customer, Hold="false")
        elif not parties.outside(room.members):
            self._redirect(customer, twiml.conference(call, customer=True))

    def transfer(self, call: Call, parties: Parties, to: AbstractUser) -> None:
        """Ring the phone of ``to`` for the customer, while the agent waits in the conference."""
        customer, room = present(parties), self._room(call)
        ringing = twiml.ring(call, [to], self._site)
        if agent := None if customer.sid in room.members else parties.outside(room.members):
            self._part(call, customer, agent, ringing)
            return
        if customer.sid in room.members:
            # Otherwise the conference would end for the agent too when the customer leaves it.
            self._update(room, customer, EndConferenceOnExit="false")
        self._redirect(customer, ringing)

    def _part(self, call: Call, customer: Report, agent: Report, customers: str) -> None:
        if agent.parent == customer.sid:
            self._redirect(agent, twiml.conference(call, customer=False))
        else:
            self._redirect(customer, customers)

    @question()
    def _room(self, call: Call) -> Room:
        name = twiml.conference_name(call)
        found = listed(self._rest.read("Conferences", FriendlyName=name), "conferences")
        sids = [text(one, "sid") for one in found if text(one, "status") in OPEN]
        if not sids:
            return NO_ROOM
        page = self._rest.read(f"Conferences/{sids[0]}/Participants")
        members = listed(page, "participants")
        return Room(sids[0], frozenset(text(member, "call_sid") for member in members))

    def _update(self, room: Room, leg: Report, **fields: str) -> None:
        self._rest.update(f"Conferences/{room.sid}/Participants/{leg.sid}", **fields)

    def _redirect(self, leg: Report, document: str) -> None:
        self._rest.update(f"Calls/{leg.sid}", Twiml=document)


def present(parties: Parties) -> Report:
    """Return the customer's leg; raises ``CallOver`` if it isn't up."""
    if not parties.customer:
        raise CallOver(OVER)
    return parties.customer
