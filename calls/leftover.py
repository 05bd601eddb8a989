"""Ends the legs of a conference that wait with nobody to come, and those of agents who leave."""

from contextlib import suppress

from django.contrib.auth.models import AbstractUser

from calls.models import Call, Leg
from calls.states import State
from calls.telephony import CallOver, TelephonyError
from calls.telephony.interface import Telephony
from calls.telephony.parties import parties
from realtime.logs import get_logger

logger = get_logger(__name__)


def end_leftover(call: Call, company: Telephony) -> None:
    """End them; if the company doesn't do it, the agents hear nothing and hang up themselves."""
    for leg in leftover(call):
        end_waiting(call, leg.sid, company)
    if is_abandoned(call):
        end_abandoned(call, company)


def end_waiting(call: Call, sid: str, company: Telephony) -> None:
    try:
        with suppress(CallOver):
            company.end_leg(sid)
    except TelephonyError as error:
        logger.warning("leg left over call=%d sid=%s reason=%s", call.pk, sid, error)


def is_abandoned(call: Call) -> bool:
    """Say whether a customer is held by an agent whose phone is gone."""
    if not call.held or call.is_over or call.transfer_to_id:
        return False
    return not any(leg.is_up and leg.user_id for leg in call.legs.all())


def end_abandoned(call: Call, company: Telephony) -> None:
    """End the leg of a customer for whom no agent is there, as a talk ends with the agent's leg.

    The company is asked first, because an agent may be there without our knowledge.
    """
    try:
        found = parties(company.fetch(call.sid or ""))
    except TelephonyError as error:
        logger.warning("leg left over call=%d sid=%s reason=%s", call.pk, call.sid, error)
        return
    if found.customer and not found.agents:
        end_waiting(call, found.customer.sid, company)


def waits(call: Call, agent: AbstractUser) -> bool:
    """Say whether an agent's phone is up in a conference, though another may have the call."""
    up = call.legs.filter(user=agent, state=State.IN_PROGRESS)
    return call.conference and up.exists()


def leave(call: Call, agent: AbstractUser, company: Telephony) -> bool:
    """End an agent's legs if the call goes on without her, and say whether it does.

    It does while another agent talks, or is called because of a transfer. Raises
    ``TelephonyError``.
    """
    if not call.conference or not call.sid:
        return False
    found = parties(company.fetch(call.sid))
    hers = found.of(agent)
    if not found.customer or not (call.transfer_to_id or len(hers) < len(found.agents)):
        return False
    for leg in hers:
        with suppress(CallOver):
            company.end_leg(leg.sid)
    return True


def leftover(call: Call) -> list[Leg]:
    """Return the legs of agents that the call goes on without.

    These are all when it is over, and those of earlier agents when it has been handed over.
    """
    if not call.conference:
        return []
    up = [leg for leg in call.legs.all() if leg.is_up and leg.user_id]
    if call.is_over:
        return up
    handed_over = call.transfer_to_id is None and call.answered_by_id in {leg.user_id for leg in up}
    return [leg for leg in up if handed_over and leg.user_id != call.answered_by_id]
