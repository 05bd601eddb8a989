"""Asks for the calls that are due; the running server does it every second."""

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from calls.certainty import DOUBT, PLACING, retry_at, unchanged_at
from calls.models import Call
from calls.reconciliation.asking import fetch, record
from calls.reconciliation.due import Lease, ask_doubtful, doubtful, give_back, take
from calls.reconciliation.messages import find_messages, keep_messages
from calls.states import State
from calls.telephony import Telephony, TelephonyError, get_telephony, own_url
from realtime.logs import get_logger

logger = get_logger(__name__)


def sweep(now: datetime) -> None:
    """Ask the company for each call that is due at ``now``, or while others are asked for."""
    company = get_telephony(own_url())
    while lease := take(now):
        doubt_overdue(now)
        with suppress(TelephonyError):
            check(lease, company, now)
        now = max(now, timezone.now())


def check(lease: Lease, company: Telephony, now: datetime) -> None:
    """Ask for the call of a lease, and set when it is asked for again.

    Its answer is a reason to ask for all calls that are in doubt. Raises ``TelephonyError`` if the
    company can't be asked; the call is then in doubt.
    """
    call = Call.objects.select_related("placed_by").get(pk=lease.pk)
    try:
        report, messages = fetch(call, company), find_messages(call, company)
    except TelephonyError as error:
        logger.warning("call can't be asked for call=%d sid=%s error=%s", call.pk, call.sid, error)
        doubt(call, lease, now)
        raise
    with transaction.atomic():
        record(call, report, now)
        keep_messages(call, messages)
        give_back(lease, again(call.pk, now))
    ask_doubtful(now)


def doubt(call: Call, lease: Lease, now: datetime) -> None:
    """Publish that a call for which the company can't be asked is not certain.

    One that wasn't due, or of which a webhook has said something meanwhile, stays certain.
    """
    failures = call.failed_checks + 1
    with transaction.atomic():
        doubt_at(call.pk, lease.since)
        give_back(lease, retry_at(now, failures), failures=failures)


def again(pk: int, now: datetime) -> datetime | None:
    """Return when a call that was asked for at ``now`` is asked for again."""
    call = Call.objects.get(pk=pk)
    if call.is_over:
        return None
    talking = (
        call.state == State.IN_PROGRESS
        and call.legs.exclude(parent="").filter(state=State.IN_PROGRESS).exists()
    )
    due = unchanged_at(
        now=now, changed_at=call.changed_at, talking=talking, claimed_until=call.claimed_until
    )
    settled = call.started_at + PLACING
    return min(due, settled) if call.sid is None and now < settled else due


def doubt_overdue(now: datetime) -> None:
    """Publish which calls are not certain because their turn hasn't come in time.

    A company that hangs keeps all waiting. One that has had its turn meanwhile stays certain.
    """
    for pk in doubtful(now).values_list("pk", flat=True):
        doubt_at(pk, now - DOUBT)


def doubt_at(pk: int, instant: datetime) -> None:
    """Publish that a call is not certain, if it was to be asked for by ``instant`` and still is.

    The end of one that is over is certain.
    """
    with Call.objects.change(pk) as call:
        if call.check_at and call.check_at <= instant and not call.is_over:
            call.certain = False
