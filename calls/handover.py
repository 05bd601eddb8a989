"""Lets an agent go who has handed a call over: she waits alone in the conference."""

from django.contrib.auth.models import AbstractUser
from django.db.models import Max

from calls.models import Call
from calls.states import State
from calls.telephony import Telephony, TelephonyError
from realtime.logs import get_logger

logger = get_logger(__name__)


def let_go(call: Call, agent: AbstractUser | None, company: Telephony) -> None:
    """End the legs of the agents who had a call before ``agent``, who has just been connected.

    The customer's leg is not among them. If the company is away, who waits hangs up herself.
    """
    if agent is None or call.answered_by != agent or not call.conference or call.is_over:
        return
    up = call.legs.filter(state=State.IN_PROGRESS).exclude(user=None)
    since = up.filter(user=agent).aggregate(since=Max("answered_at"))["since"]
    for leg in up.exclude(user=agent).filter(answered_at__lt=since) if since else ():
        try:
            company.end_leg(leg.sid)
        except TelephonyError as error:
            logger.warning("agent waits on call=%d sid=%s reason=%s", call.pk, leg.sid, error)
