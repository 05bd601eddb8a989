"""Which calls are to be asked for, and which process asks: a lease in the database."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, Q, QuerySet, Value, When
from django.utils import timezone

from calls.certainty import DOUBT, STARTING
from calls.models import Call
from calls.states import ACTIVE, State

LEASE = timedelta(seconds=60)
"""How long a process may ask for one call: each question is two or three requests of 5 s."""

BATCH = 20
"""Due calls among which one is chosen that no other process has."""


class Lease(NamedTuple):
    """The right to ask for one call until ``until``; ``due`` is since when it was to be asked."""

    pk: int
    due: datetime | None
    until: datetime


def ask_soon(call: Call) -> None:
    """Have the company asked for an active call within a second, by any process that sweeps."""
    Call.objects.filter(pk=call.pk, state__in=ACTIVE).update(check_at=timezone.now())


def due_now(now: datetime) -> None:
    """Have the company asked for all active calls, because this server starts ``now``.

    What was sent meanwhile is lost, and what is sent before the server takes webhooks will be.
    """
    started = now + STARTING
    Call.objects.filter(state__in=ACTIVE).exclude(check_at__lt=started).update(check_at=started)


def take(now: datetime) -> Lease | None:
    """Take the lease of a call that is due at ``now``, those that ring first; None if none is."""
    talking = Case(When(state=State.IN_PROGRESS, then=Value(1)), default=Value(0))
    due = overdue(now).filter(free(now)).order_by(talking, "check_at")
    leases = (Lease(pk, at, now + LEASE) for pk, at in due.values_list("pk", "check_at")[:BATCH])
    return next((lease for lease in leases if _seize(lease, now)), None)


def take_one(call: Call, now: datetime) -> Lease | None:
    """Take the lease of one call, due or not; None if another process has it."""
    lease = Lease(call.pk, call.check_at, now + LEASE)
    return lease if _seize(lease, now) else None


def give_back(lease: Lease, again: datetime | None, *, failures: int = 0) -> None:
    """End a lease, and have the call asked for ``again`` then.

    An answer (no ``failures``) leaves the instant to a change or to ``ask_soon``, if one has set
    another since. What another process holds, because the lease had run out, stays.
    """
    mine = Call.objects.filter(pk=lease.pk, checked_until=lease.until)
    if failures:
        mine.update(check_at=again, failed_checks=failures, checked_until=None)
        return
    mine.filter(check_at=lease.due).update(check_at=again)
    mine.update(failed_checks=0, checked_until=None)


def overdue(now: datetime) -> QuerySet[Call]:
    """Return the calls that were to be asked for by ``now``."""
    return Call.objects.filter(check_at__lte=now)


def doubtful(now: datetime) -> QuerySet[Call]:
    """Return the calls that nobody could ask for in time, and that don't say so yet."""
    return overdue(now - DOUBT).filter(certain=True)


def free(now: datetime) -> Q:
    """Select the calls that no process asks for."""
    return Q(checked_until=None) | Q(checked_until__lte=now)


def _seize(lease: Lease, now: datetime) -> bool:
    """One UPDATE decides between processes."""
    mine = Call.objects.filter(free(now), pk=lease.pk)
    return bool(mine.update(checked_until=lease.until))
