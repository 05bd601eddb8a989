"""Which calls are to be asked for, and which process asks: a lease in the database."""

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When
from django.utils import timezone

from calls import background
from calls.certainty import DISCONNECTED, DOUBT, STARTING
from calls.models import Call
from calls.states import ACTIVE, State

LOOP = "reconciliation"
"""The loop of a server that sweeps."""

LEASE = timedelta(seconds=30)
"""How long a process may ask for one call: a question is four requests of 5 s at most."""

BATCH = 20
"""Due calls among which one is chosen that no other process has."""


class Lease(NamedTuple):
    """The right to ask for one call, from ``since`` until ``until``."""

    pk: int
    since: datetime
    until: datetime


def ask_soon(call: Call) -> None:
    """Have the company asked for an active call: immediately, if this process sweeps.

    Otherwise another one does it within a second.
    """
    Call.objects.filter(pk=call.pk, state__in=ACTIVE).update(check_at=timezone.now())
    transaction.on_commit(partial(background.wake, LOOP))


def ask_doubtful(now: datetime) -> None:
    """Have the company, which has answered at ``now``, asked for all calls that are not certain."""
    waiting = Call.objects.filter(certain=False, state__in=ACTIVE, check_at__gt=now)
    if _put_forward(waiting, now):
        transaction.on_commit(partial(background.wake, LOOP))


def ask_unless_over(call: Call) -> None:
    """Have the company asked for a call that seems to be over, if no webhook says so in time."""
    soon = timezone.now() + DISCONNECTED
    Call.objects.filter(pk=call.pk, state__in=ACTIVE, check_at__gt=soon).update(check_at=soon)


def due_now(now: datetime) -> None:
    """Have the company asked for all active calls, because this server starts ``now``.

    What was sent meanwhile is lost, and what is sent before the server takes webhooks will be.
    """
    started = now + STARTING
    _put_forward(Call.objects.filter(state__in=ACTIVE).exclude(check_at__lt=started), started)


def take(now: datetime) -> Lease | None:
    """Take the lease of a call that is due at ``now``, those that ring first; None if none is."""
    talking = Case(When(state=State.IN_PROGRESS, then=Value(1)), default=Value(0))
    due = overdue(now).filter(free(now)).order_by(talking, "check_at")
    leases = (_take(pk, overdue(now), now) for pk in due.values_list("pk", flat=True)[:BATCH])
    return next((lease for lease in leases if lease), None)


def take_one(pk: int, now: datetime) -> Lease | None:
    """Take the lease of one call, due or not; None if another process has it."""
    return _take(pk, Call.objects.all(), now)


def give_back(lease: Lease, again: datetime | None, *, failures: int = 0) -> None:
    """End a lease, and have the call asked for at ``again``.

    A later instant that was set meanwhile stays: that of a change, or of ``ask_soon``. A lease that
    ran out, and that another process has, stays too.
    """
    mine = Call.objects.filter(pk=lease.pk, checked_until=lease.until)
    mine.filter(check_at__lte=lease.since).update(check_at=again)
    mine.update(failed_checks=failures, checked_until=None)


def overdue(now: datetime) -> QuerySet[Call]:
    """Return the calls that were to be asked for by ``now``."""
    return Call.objects.filter(check_at__lte=now)


def doubtful(now: datetime) -> QuerySet[Call]:
    """Return the calls that nobody could ask for in time, and that don't say so yet."""
    return overdue(now - DOUBT).filter(certain=True, state__in=ACTIVE)


def free(now: datetime) -> Q:
    """Select the calls that no process asks for."""
    return Q(checked_until=None) | Q(checked_until__lte=now)


def _put_forward(calls: QuerySet[Call], instant: datetime) -> bool:
    """Have the company asked for calls at ``instant``; say whether there are any."""
    pks = list(calls.values_list("pk", flat=True))
    for pk in pks:  # One by one, so that no two rows are locked.
        calls.filter(pk=pk).update(check_at=instant)
    return bool(pks)


def _take(pk: int, calls: QuerySet[Call], now: datetime) -> Lease | None:
    """Take the lease of a call if it is among ``calls``; one UPDATE decides between processes."""
    lease = Lease(pk, now, now + LEASE)
    taken = calls.filter(free(now), pk=pk).update(checked_until=lease.until)
    return lease if taken else None
