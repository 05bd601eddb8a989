"""Rings callers at agents' phones, round by round, and stops the phones of those who decline."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractUser

from calls.agents import agent_at, agents
from calls.availability import available_agents
from calls.models import Call, CallConflict
from calls.rounds import ROUND_SIZE, AfterDial, Candidate, Dial, after_dial, next_round
from calls.states import BEFORE_ANSWER, FINAL, Direction, State
from calls.telephony import CallTaken, Telephony, TelephonyError, twiml
from realtime.logs import get_logger

logger = get_logger(__name__)


def first_round() -> dict[str, Any]:
    """Return the fields of a new call that comes in now: at whose phones it rings."""
    pks = next_round(candidates())
    return {"rung_now": pks, "rung": pks, "voicemail": not pks}


def begin(call: Call, company: Telephony) -> str:
    """Return TwiML for a call that has come in; asked again, it is the same.

    A call that was known before, by another webhook that was faster, begins to ring here.
    """
    if call.state == State.RINGING and not (call.rung or call.voicemail):
        free = candidates()
        with Call.objects.change(call.pk, heard=True) as call:
            call_round(call, next_round(free))
    return document(call, company)


def go_on(pk: int, dial: Dial, company: Telephony) -> str:
    """Return TwiML for a caller whose ``<Dial>`` has ended without a conference."""
    step, call = following(pk, dial)
    if step in (AfterDial.RESUME, AfterDial.NEXT_ROUND):
        free = candidates()
        with Call.objects.change(pk, heard=True) as call:
            if call.state == State.RINGING and call.claimant is None:
                again = resumed(call, free) if step == AfterDial.RESUME else []
                call_round(call, again or fresh(call, free))
    return twiml.nothing() if step == AfterDial.NOTHING else document(call, company)


def following(pk: int, dial: Dial) -> tuple[AfterDial, Call]:
    """Decide what follows a ``<Dial>``, and end the claim of an agent whose phone did not accept.

    She counts as available again, because her phone may ring better the second time.
    """
    with Call.objects.change(pk, heard=True) as call:
        claim = call.claim if call.claimant else ""
        step = after_dial(dial, state=State(call.state), claim=claim, called=len(call.rung))
        if step == AfterDial.RESUME:
            call.unclaim()
    return step, call


def candidates() -> list[Candidate]:
    return [agent.candidate for agent in available_agents()]


def fresh(call: Call, free: Sequence[Candidate]) -> list[int]:
    """Return the next round of agents whose phones have not rung for this call."""
    return next_round(free, without={*call.rung, *call.declined})


def resumed(call: Call, free: Sequence[Candidate]) -> list[int]:
    """Return those of the last round who can still take the call."""
    last = [one for one in free if one.pk in call.rung[-ROUND_SIZE:]]
    return next_round(last, without=call.declined)


def call_round(call: Call, pks: list[int]) -> None:
    """Note whose phones ring now; nobody's means that the caller may leave a message."""
    call.rung_now = pks
    call.rung = [*call.rung, *(pk for pk in pks if pk not in call.rung)]
    call.voicemail = not pks
    logger.info("calling agents call=%d sid=%s agents=%s", call.pk, call.sid, pks)


def document(call: Call, company: Telephony) -> str:
    """Return the TwiML that rings a call where it rings now, or asks for a message.

    While a claim holds it rings at the claimant's phone alone.
    """
    if call.claimant:
        return company.ring(call, [call.claimant])
    users = agents().in_bulk(call.rung_now)
    return company.ring(call, [users[pk] for pk in call.rung_now if pk in users])


def decline(pk: int, agent: AbstractUser) -> Call:
    """Note that ``agent`` doesn't take a call that rings, or that another agent hands to her.

    Raises ``CallConflict`` if it doesn't ring, and ``Call.DoesNotExist``.
    """
    with Call.objects.change(pk) as call:
        if call.is_over:
            raise CallConflict("This call is over.")
        if call.claimant == agent:
            raise CallConflict("You are answering this call.")
        if call.transfer_to == agent:
            call.transfer_to = None
        elif call.state != State.RINGING or call.direction != Direction.INBOUND:
            raise CallConflict("This call doesn't ring here.")
        elif agent.pk not in call.declined:
            call.declined = [*call.declined, agent.pk]
        call.rung_now = [one for one in call.rung_now if one != agent.pk]
    return call


def silence(call: Call, agent: AbstractUser, company: Telephony) -> None:
    """Stop the ringing at ``agent``'s phone, if the company can be reached.

    Otherwise it stops by itself. When the last leg of a round has ended, the company asks how the
    caller's call goes on. Raises ``CallTaken`` if her phone was picked up.
    """
    try:
        for sid in ringing_legs(call, agent, company):
            company.cancel_leg(sid)
    except CallTaken:
        raise
    except TelephonyError as error:
        logger.warning(
            "phone rings on call=%d sid=%s agent=%d reason=%s", call.pk, call.sid, agent.pk, error
        )


def ringing_legs(call: Call, agent: AbstractUser, company: Telephony) -> list[str]:
    """Return the sids of the legs that ring at a phone; asks the company where none is known."""
    known = call.legs.filter(user=agent).exclude(parent="").exclude(state__in=FINAL)
    found = {leg.sid: leg.state for leg in known}
    if not found and call.sid:
        _, *others = company.fetch(call.sid).all()
        found = {leg.sid: leg.state for leg in others if agent_at(leg.to_number) == agent}
    return [sid for sid, state in found.items() if state in BEFORE_ANSWER]
