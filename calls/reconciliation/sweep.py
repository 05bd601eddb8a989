"""Asks for the calls that are due; the running server does it every second."""

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
        check(lease, company, now)
        now = max(now, timezone.now())


def check(lease: Lease, company: Telephony, now: datetime) -> TelephonyError | None:
    """Ask for the call of a lease, and say when it is asked for again; returns what failed."""
    call = Call.objects.select_related("placed_by").get(pk=lease.pk)
    try:
        ask(call, company, now)
    except TelephonyError as error:
        failures = call.failed_checks + 1
        logger.warning(
            "call can't be asked for call=%d sid=%s failures=%d error=%s",
            call.pk,
            call.sid,
            failures,
            error,
        )
        doubt(call.pk)
        give_back(lease, retry_at(now, failures), failures=failures)
        return error
    call = Call.objects.get(pk=lease.pk)
    give_back(lease, again(call, now))
    return None


def again(call: Call, now: datetime) -> datetime | None:
    """Return when a call that was asked for at ``now`` is asked for again."""
    if call.is_over:
        return None
    talking = call.state == State.IN_PROGRESS and any(leg.is_talk for leg in call.legs.all())
    return unchanged_at(now=now, changed_at=call.changed_at, talking=talking)


def doubt_overdue(now: datetime) -> None:
    """Mark the calls whose turn hasn't come in time: a company that hangs keeps all waiting."""
    for pk in doubtful(now).values_list("pk", flat=True):
        doubt(pk)


def doubt(pk: int) -> None:
    """Publish that a call is not certain."""
    with Call.objects.change(pk) as call:
        call.certain = call.is_over
