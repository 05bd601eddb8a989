"""Ends the phones of agents who wait in a conference with nobody to come."""

from calls.models import Call, Leg
from calls.telephony import TelephonyError
from calls.telephony.interface import Telephony
from realtime.logs import get_logger

logger = get_logger(__name__)


def end_leftover(call: Call, company: Telephony) -> None:
    """End them; if the company doesn't do it, the agents hear nothing and hang up themselves."""
    for leg in leftover(call):
        try:
            company.end_leg(leg.sid)
        except TelephonyError as error:
            logger.warning("leg left over call=%d sid=%s reason=%s", call.pk, leg.sid, error)


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
