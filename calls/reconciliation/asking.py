"""Asks the phone company for one call, and records the answer like webhooks."""

from datetime import datetime

from django.db import transaction

from calls.agents import agent_at
from calls.certainty import DISCONNECTED, PLACING, TRANSFER
from calls.models import Call
from calls.reconciliation.placed import adopt, find_placed
from calls.states import State
from calls.telephony import NoSuchCall, Report, Telephony
from realtime.logs import get_logger

logger = get_logger(__name__)


def ask(call: Call, company: Telephony, now: datetime) -> None:
    """Ask the company for a call and its legs, and record what it says.

    No row is locked while it is asked. Raises ``TelephonyError`` if the company can't be asked.
    """
    report = fetch(call, company)
    with transaction.atomic():
        record(call, report, now)


def fetch(call: Call, company: Telephony) -> Report | None:
    """Return what the company says of a call; None if it has no such call.

    Raises ``TelephonyError``.
    """
    try:
        return company.fetch(call.sid) if call.sid else find_placed(call, company)
    except NoSuchCall:
        return None


def record(call: Call, report: Report | None, now: datetime) -> None:
    """Record what the company said of a call; for use in a transaction.

    The call is certain then. A claim that has run out at ``now`` is cleared, and so are a transfer
    for which no phone rings, and a rejection that never reached the company.
    """
    if report:
        adopt(call, report.sid)
        record_legs(report)
    else:
        record_unknown(call, now)
    with Call.objects.change(call.pk, heard=True) as settled:
        settled.certain = True
        settled.end_vain_claim(now)
        if not settled.is_over and settled.changed_at + DISCONNECTED <= now:
            settled.rejected_by = None
        if settled.changed_at + TRANSFER <= now:
            settled.end_vain_transfer()


def record_legs(report: Report) -> None:
    """Record all legs of a call, its own last, because with it the call ends.

    A leg that was dialled by a child leg counts as a child of the call's own leg, too.
    """
    for leg in reversed(list(report.all())):
        Call.objects.record(
            leg.sid,
            leg.state,
            parent="" if leg is report else report.sid,
            agent=agent_at(leg.to_number),
            address=leg.to_number,
            duration=leg.duration,
            at=leg.ended_at or leg.answered_at,
        )


def record_unknown(call: Call, now: datetime) -> None:
    """Record that the company has no such call.

    One that was placed without an answer may still come about for a while.
    """
    if call.sid:
        logger.error("call unknown to the company call=%d sid=%s", call.pk, call.sid)
        Call.objects.record(call.sid, State.FAILED)
    elif now >= call.started_at + PLACING:
        logger.warning("call was never placed call=%d", call.pk)
        with Call.objects.change(call.pk) as unplaced:
            if unplaced.sid is None:
                unplaced.fail()
