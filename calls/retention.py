"""Forgets the answers to requests that no page repeats any more."""

from datetime import datetime, timedelta

from calls.models import Action

KEPT = timedelta(days=1)
"""How long a page could come back with a token: one that was asleep overnight."""

BATCH = 1000


def forget_actions(now: datetime) -> None:
    """Delete the actions that are older than a day at ``now``.

    One by one, so that no process waits for the rows of another in another order.
    """
    old = Action.objects.filter(created_at__lt=now - KEPT).order_by("pk")
    while pks := list(old.values_list("pk", flat=True)[:BATCH]):
        for pk in pks:
            Action.objects.filter(pk=pk).delete()
