"""Removing from the database log what is kept no longer, by the setting and by stream classes.

The database's clock decides on ages, since a publisher's may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Case, Exists, F, Q, QuerySet, Value, When
from django.db.models.functions import Left, Now
from django.db.models.lookups import Exact

from realtime.eventlog.database import batches
from realtime.eventlog.database.heads import short_transaction
from realtime.eventlog.retention import default_retention, own_retentions, retention_of
from realtime.models import Event, StreamHead


def prune_by_age(using: str) -> int:
    """Remove old events; the streams whose classes have an age of their own go by that."""
    default = default_retention().max_age
    own = {name: kept.max_age for name, kept in own_retentions().items() if kept.max_age != default}
    removed = batches.remove_in_batches(_old_by_default(using, default, own))
    for prefix, age in own.items():
        heads = StreamHead.objects.using(using).filter(_of_class("name", prefix))
        events = Event.objects.using(using).filter(stream__in=heads.values("name"))
        removed += batches.remove_in_batches(_older_than(age, events))
    return removed


def prune_by_count(using: str) -> int:
    """Go through the streams that have grown by more than is kept since they were last pruned."""
    heads = StreamHead.objects.using(using)
    removed = 0
    over = heads.alias(kept=_count_by_name()).filter(top__gt=F("pruned") + F("kept"))
    for name, epoch, top in over.values_list("name", "epoch", "top"):
        count = retention_of(name).max_count
        # In the statement that removes: a new epoch begins with the same offsets.
        same_epoch = heads.filter(name=name, epoch=epoch)
        events = Event.objects.using(using).filter(stream=name, offset__lte=top - count)
        removed += batches.remove_in_batches(events.filter(Exists(same_epoch)))
        with short_transaction(using):
            # What another process is removing is there until it commits, or stays if it fails.
            same_epoch.filter(~Exists(events)).update(pruned=top - count)
    return removed


def _old_by_default(using: str, age: int, others: Iterable[str]) -> QuerySet[Event]:
    """Go by the primary key, which is about the order of age and needs no further index.

    What classes keep for longer than the others would be in the way there.
    """
    events = Event.objects.using(using)
    for prefix in others:
        events = events.exclude(_of_class("stream", prefix))
    first = events.order_by("id")[: batches.BATCH]
    return _older_than(age, Event.objects.using(using).filter(id__in=first.values("id")))


def _older_than(age: int, events: QuerySet[Event]) -> QuerySet[Event]:
    return events.filter(logged_at__lt=Now() - timedelta(seconds=age), offset__isnull=False)


def _count_by_name() -> Case:
    counts = {prefix: kept.max_count for prefix, kept in own_retentions().items()}
    by_class = [
        When(_of_class("name", prefix), then=Value(count)) for prefix, count in counts.items()
    ]
    return Case(*by_class, default=Value(default_retention().max_count))


def _of_class(field: str, prefix: str) -> Q:
    """Match the streams of a prefix; SQLite's LIKE takes "Room." for "room."."""
    dotted = f"{prefix}."
    exact = Exact(Left(F(field), len(dotted)), Value(dotted))
    return Q(**{field: prefix}) | (Q(**{f"{field}__startswith": dotted}) & Q(exact))
