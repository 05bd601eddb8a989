"""Forgets the calls that were over long ago, but those whose message the desk still plays."""

from datetime import datetime, timedelta

from calls.simulator.models import Conference, Leg, locked_exchange
from calls.states import ACTIVE

KEPT = timedelta(days=1)
"""How long the company answers questions about a call that is over."""

BATCH = 200


def forget_legs(now: datetime) -> None:
    """Delete the calls that have been over for a day at ``now``, and conferences without a leg.

    A call and its legs go together; a batch at a time, because the company waits meanwhile.
    """
    while _forget_some(now - KEPT):
        pass


def _forget_some(before: datetime) -> int:
    old = Leg.objects.filter(parent=None, ended_at__lt=before, recordings=None)
    old = old.exclude(children__state__in=ACTIVE).exclude(children__recordings__isnull=False)
    with locked_exchange():
        pks = list(old.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])
        Leg.objects.filter(pk__in=pks).delete()
        Conference.objects.filter(legs=None, ended_at__lt=before).delete()
    return len(pks)
