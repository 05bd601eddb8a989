"""Removing from the database log what ``RETENTION`` no longer keeps.

The database's clock decides on ages, since a publisher's may be wrong.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, F, QuerySet
from django.db.models.functions import Now

from realtime.conf import realtime_settings
from realtime.eventlog.database.heads import short_transaction
from realtime.models import Event, StreamHead

BATCH = 1000
"""Events that one statement removes, so that publishers never wait long for it."""


def prune_by_age(using: str) -> int:
    """Go by the primary key, which is about the order of age and needs no further index."""
    oldest = Now() - timedelta(seconds=realtime_settings().RETENTION["AGE"])
    first = Event.objects.using(using).order_by("id")[:BATCH]
    old = Event.objects.using(using).filter(
        id__in=first.values("id"), logged_at__lt=oldest, offset__isnull=False
    )
    return _remove_batches(old)


def prune_by_count(using: str) -> int:
    """Go through the streams that have grown by more than is kept since they were last pruned."""
    count = realtime_settings().RETENTION["COUNT"]
    heads = StreamHead.objects.using(using)
    removed = 0
    over = heads.filter(top__gt=F("pruned") + count)
    for name, epoch, top in over.values_list("name", "epoch", "top"):
        # In the statement that removes: a new epoch begins with the same offsets.
        same_epoch = heads.filter(name=name, epoch=epoch)
        events = Event.objects.using(using).filter(stream=name, offset__lte=top - count)
        removed += _remove_batches(events.filter(Exists(same_epoch)))
        with short_transaction(using):
            same_epoch.update(pruned=top - count)
    return removed


def _remove_batches(events: QuerySet[Event]) -> int:
    removed = 0
    while True:
        batch = _remove(events)
        removed += batch
        if batch < BATCH:
            return removed


def _remove(events: QuerySet[Event]) -> int:
    """Remove a batch, in a transaction of its own: of two processes that do, none fails."""
    batch = Event.objects.using(events.db).filter(id__in=events.values("id")[:BATCH])
    with short_transaction(events.db):
        return batch.delete()[0]
