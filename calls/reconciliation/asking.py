"""Asks the phone company for one call, and records the answer like webhooks."""

from datetime import datetime
from itertools import chain

from django.db import transaction

from calls.agents import agent_at
from calls.certainty import PLACING
from calls.models import Call, Leg
from calls.states import State
from calls.telephony import NoSuchCall, Report, Telephony
from realtime.logs import get_logger

logger = get_logger(__name__)


def ask(call: Call, company: Telephony, now: datetime) -> None:
    """Ask the company for a call and its legs, and record what it says.

    No row is locked while it is asked. A claim that has run out at ``now`` is cleared. Raises
    ``TelephonyError`` if the company can't be asked.
    """
    try:
        report = company.fetch(call.sid) if call.sid else find_placed(call, company)
    except NoSuchCall:
        report = None
    with transaction.atomic():
        if report:
            record(report, call)
        else:
            record_unknown(call, now)
        settle(call.pk, now)


def find_placed(call: Call, company: Telephony) -> Report | None:
    """Return the call that the company placed on a request whose answer never came, if it did."""
    known = Leg.objects.exclude(call=call).filter(parent="", call__placed_by__isnull=False)
    others = set(known.values_list("sid", flat=True))
    placed = company.placed_since(call.placed_by, call.started_at)
    return next((one for one in placed if one.sid not in others), None)


def record(report: Report, call: Call) -> None:
    """Record all legs of a call: its own last, because its end asks who has talked."""
    for leg in chain(report.legs, [report]):
        Call.objects.record(
            leg.sid,
            leg.state,
            parent="" if leg is report else report.sid,
            pk=call.pk if leg is report else None,
            agent=agent_at(leg.address),
            address=leg.address,
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
            unplaced.fail()


def settle(pk: int, now: datetime) -> None:
    """Publish that a call is certain again, and that a claim has run out."""
    with Call.objects.change(pk) as call:
        call.certain = True
        if call.claimed_until and call.claimed_until <= now:
            call.unclaim()
