"""How a leg goes on whose ``<Dial>`` has ended: Twilio asks the ``action`` of the ``<Dial>``.

It also asks when the ``<Dial>`` ended because the leg itself was moved to other TwiML, and ignores
that answer (https://www.twilio.com/docs/voice/twiml/dial#action).
"""

from typing import Any

from calls.models import Call
from calls.states import ACTIVE, State
from calls.telephony import twiml
from calls.telephony.interface import NoSuchCall, Telephony, TelephonyError
from calls.telephony.parties import parties
from realtime.logs import get_logger

logger = get_logger(__name__)

UNANSWERED = frozenset({"busy", "no-answer", "failed", "canceled"})
"""What ``DialCallStatus`` says if nobody was connected
(https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus-values)."""


def after_dial(call: Call, data: dict[str, Any], company: Telephony) -> str:
    """Return TwiML for the leg ``CallSid`` of a call that has become a conference.

    ``data`` is the form's.
    """
    unanswered = data["DialCallStatus"] in UNANSWERED
    # A leg that is up was moved to the conference; one that isn't has hung up, or never answered.
    if is_up(data["DialCallSid"], company, unknown=not unanswered):
        return company.resume(call, data["CallSid"])
    return after_transfer(call, data, company) if unanswered else twiml.nothing()


def after_transfer(call: Call, data: dict[str, Any], company: Telephony) -> str:
    """Bring the customer back to the agent who waits, because the other one didn't answer.

    If she has hung up meanwhile, the customer may leave a message, and doesn't wait for nobody.
    The end of an earlier ``<Dial>`` changes nothing of a transfer that was begun after it.
    """
    with Call.objects.change(call.pk) as back:
        if goes_on := bool(back.transfer_to) and data["called"] not in (None, len(back.rung)):
            logger.info("earlier dial ended call=%d sid=%s", back.pk, back.sid)
        elif back.transfer_to:
            back.transfer_to, back.rung_now, back.held = None, [], False
    if goes_on or agent_waits(back, company):
        return company.resume(back, data["CallSid"])
    with Call.objects.change(call.pk) as left:
        left.leave_to_voicemail()
    return company.ring(left, [])


def agent_waits(call: Call, company: Telephony) -> bool:
    """Say whether an agent's phone is up; if the company doesn't say, one that is known to be."""
    try:
        return bool(parties(company.fetch(call.sid)).agents)
    except TelephonyError:
        return call.legs.filter(state=State.IN_PROGRESS).exclude(user=None).exists()


def is_up(sid: str, company: Telephony, *, unknown: bool) -> bool:
    """Say whether the leg that was dialled is up; ``unknown`` if the company doesn't say."""
    if not sid:
        return unknown
    try:
        return company.fetch(sid).state in ACTIVE
    except NoSuchCall:
        return False
    except TelephonyError:
        return unknown
