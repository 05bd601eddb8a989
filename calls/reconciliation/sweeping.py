"""Asks for the calls that are due; the running server does it every second."""

from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from calls.certainty import retry_at, unchanged_at
from calls.models import Call
from calls.reconciliation.asking import ask
from calls.reconciliation.due import Lease, doubtful, give_back, take
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

    Raises ``TelephonyError`` if the company can't be asked; the call is then in doubt.
    """
    call = Call.objects.select_related("placed_by").get(pk=lease.pk)
    try:
        ask(call, company, now)
    except TelephonyError as error:
        logger.warning("call can't be asked for call=%d sid=%s error=%s", call.pk, call.sid, error)
        doubt(call.pk)
        failures = call.failed_checks + 1
        give_back(lease, retry_at(now, failures), failures=failures)
        raise
    give_back(lease, again(call.pk, now))


def again(pk: int, now: datetime) -> datetime | None:
    """Return when a call that was asked for at ``now`` is asked for again."""
    call = Call.objects.get(pk=pk)
    if call.is_over:
        return None
    talking = (
        call.state == State.IN_PROGRESS
        and call.legs.exclude(parent="").filter(state=State.IN_PROGRESS).exists()
    )
    return unchanged_at(now=now, changed_at=call.changed_at, talking=talking)


def doubt_overdue(now: datetime) -> None:
    """Mark the calls whose turn hasn't come in time: a company that hangs keeps all waiting."""
    for pk in doubtful(now).values_list("pk", flat=True):
        doubt(pk)


def doubt(pk: int) -> None:
    """Publish that a call is not certain."""
    with Call.objects.change(pk) as call:
        call.certain = call.is_over
