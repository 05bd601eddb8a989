"""Twilio, through its REST API: what the desk asks of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser

from calls.agents import agent_at, person, phone
from calls.models import Call
from calls.states import FINAL, RING_SECONDS, Direction, State
from calls.telephony import twiml
from calls.telephony.answers import OVER, question
from calls.telephony.conference import Conferences
from calls.telephony.interface import (
    CallOver,
    CallTaken,
    NotAsked,
    PlacedCall,
    Recording,
    Refused,
    Report,
    TelephonyError,
    VoiceMessage,
)
from calls.telephony.parties import Parties, parties, phone_address
from calls.telephony.reports import identified, listed, recorded, report, text
from calls.telephony.rest import Rest

CLOCKS = timedelta(seconds=5)
"""How far Twilio's clock may be behind this machine's; its times are whole seconds."""

PAGE = 200
"""Calls that are asked for together; the newest come first."""


class Twilio:
    """An account, with ``number`` to call from: those in the settings, unless others are given.

    ``site`` is the base URL that Twilio's webhooks go to.
    """

    def __init__(self, site: str, rest: Rest | None = None, number: str = "") -> None:
        self._site = site
        self._rest = rest or rest_of_settings()
        self._number = number or settings.TWILIO_NUMBER
        self._conferences = Conferences(self._rest, site)
        self.account_sid, self.auth_token = self._rest.credentials

    def ring(self, call: Call, agents: Iterable[AbstractUser]) -> str:
        rung = list(agents)
        return twiml.ring(call, rung, self._site) if rung else twiml.message(call, self._site)

    def resume(self, call: Call, leg: str) -> str:
        customer = (leg == call.sid) == (call.direction == Direction.INBOUND)
        if customer and call.transfer_to:
            return twiml.ring(call, [call.transfer_to], self._site)
        return (
            twiml.hold_music()
            if customer and call.held
            else twiml.conference(call, customer=customer)
        )

    def place(self, call: Call, agent: AbstractUser) -> PlacedCall:
        number = self._number
        if not number:
            raise Refused(
                "No call can be placed: TWILIO_NUMBER, the number to call from, isn't set."
            )
        placed = self._rest.create(
            "Calls",
            To=phone(agent),
            From=number,
            Twiml=twiml.dial_customer(call, number, self._site),
            Timeout=RING_SECONDS,
            StatusCallback=twiml.status_url(self._site, call),
            StatusCallbackEvent=list(twiml.EVENTS),
        )
        return PlacedCall(*identified(placed), number)

    def answer(self, call: Call, agent: AbstractUser) -> None:
        connected = parties(self._up(call))
        if agent in (agent_at(leg.to_number) for leg in connected.agents):
            return
        check_untaken(connected)
        self._rest.update(f"Calls/{call.sid}", Twiml=twiml.ring(call, [agent], self._site))

    def hang_up(self, call: Call) -> None:
        failures = []
        for sid in self._connected(call):
            try:
                self.end_leg(sid)
            except CallOver:
                pass  # The end of one leg may have ended another one.
            except TelephonyError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def end_leg(self, sid: str) -> None:
        # `canceled` would not end a leg that was picked up meanwhile; `completed` always does.
        self._rest.update(f"Calls/{sid}", Status="completed")

    def cancel_leg(self, sid: str) -> None:
        # `completed` would cut a conversation whose `answered` is under way or lost.
        _, state = identified(self._rest.update(f"Calls/{sid}", Status="canceled"))
        if state == State.IN_PROGRESS:
            raise CallTaken("This phone has the call already.")

    def hold(self, call: Call, on: bool) -> None:
        report = self._up(call)
        (self._conferences.hold if on else self._conferences.resume)(call, parties(report))

    def transfer(self, call: Call, agent: AbstractUser) -> None:
        self._conferences.transfer(call, parties(self._up(call)), agent)

    @question()
    def fetch(self, sid: str) -> Report:
        own = self._rest.read(f"Calls/{sid}")
        legs = self._dialled_by(sid)
        if text(own, "direction") == "outbound-api":
            # The leg to the customer, which a transfer lets dial others.
            legs = [replace(leg, legs=tuple(self._dialled_by(leg.sid))) for leg in legs]
        return report(own, legs)

    @question()
    def placed_since(self, agent: AbstractUser, instant: datetime) -> list[Report]:
        page = self._rest.read("Calls", To=phone(agent), From=self._number, PageSize=PAGE)
        found = [report(leg) for leg in listed(page, "calls")]
        return [
            one
            for one in found
            if one.direction == "outbound-api"
            and (one.started_at is None or one.started_at >= instant - CLOCKS)
        ]

    @question()
    def messages(self, sid: str) -> list[VoiceMessage]:
        page = self._rest.read(f"Calls/{sid}/Recordings", PageSize=PAGE)
        return [
            VoiceMessage(recording, self._rest.url(f"Recordings/{recording}"), seconds)
            for recording, seconds in recorded(page)
        ]

    @question()
    def recording(self, url: str) -> Recording:
        if not self._rest.owns(url):
            raise Refused("This is not a recording of this site's account.")
        return Recording(*self._rest.download(f"{url}.mp3"))

    def _dialled_by(self, sid: str) -> list[Report]:
        page = self._rest.read("Calls", ParentCallSid=sid, PageSize=PAGE)
        return [report(leg) for leg in reversed(listed(page, "calls"))]

    def _connected(self, call: Call) -> list[str]:
        """Return the legs that are ended with a call; the known ones if Twilio can't be asked."""
        rings_here = call.direction == Direction.INBOUND and call.state == State.RINGING
        try:
            found = self._up(call)
        except NotAsked:
            if rings_here:
                raise  # An agent may talk without our knowledge.
            up = call.legs.filter(state=State.IN_PROGRESS).exclude(sid=call.sid)
            return [str(call.sid), *up.values_list("sid", flat=True)]
        connected = parties(found)
        if rings_here:
            check_untaken(connected)
        legs = [found, *connected.agents, *filter(None, [connected.customer])]
        return list({leg.sid: None for leg in legs if leg.state not in FINAL})

    def _up(self, call: Call) -> Report:
        if not call.sid:
            raise Refused("The phone company hasn't named this call yet. Try it again in a moment.")
        found = self.fetch(call.sid)
        if all(leg.state in FINAL for leg in found.all()):
            raise CallOver(OVER)
        return found


def check_untaken(connected: Parties) -> None:
    """Raise ``CallTaken`` if an agent talks."""
    if connected.agents:
        other = agent_at(phone_address(connected.agents[0]))
        raise CallTaken(f"{person(other)['name'] if other else 'Somebody'} has this call.")


def rest_of_settings() -> Rest:
    """Return the REST API of the account in the settings."""
    return Rest(settings.TWILIO_API_URL, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
