"""Removing from the database log what ``RETENTION`` no longer keeps."""

from __future__ import annotations

import time

from django.db.models import F

from realtime.conf import realtime_settings
from realtime.models import Event, StreamHead

BATCH = 1000
"""Events that one statement removes, so that publishers never wait long for it."""


def prune_by_age(using: str) -> int:
    """Go by the primary key, which is about the order of age and needs no further index."""
    oldest = int((time.time() - realtime_settings().RETENTION["AGE"]) * 1000)
    events = Event.objects.using(using)
    removed = 0
    while True:
        batch = events.order_by("id").values_list("id", "at", "offset")[:BATCH]
        old = [pk for pk, at, offset in batch if at < oldest and offset is not None]
        removed += events.filter(id__in=old).delete()[0]
        if len(old) < BATCH:
            return removed


def prune_by_count(using: str) -> int:
    """Go through the streams that have grown by more than is kept since they were last pruned."""
    count = realtime_settings().RETENTION["COUNT"]
    heads = StreamHead.objects.using(using)
    removed = 0
    over = heads.filter(top__gt=F("pruned") + count)
    for name, epoch, top in over.values_list("name", "epoch", "top"):
        same_epoch = heads.filter(name=name, epoch=epoch)
        events = Event.objects.using(using).filter(stream=name, offset__lte=top - count)
        while same_epoch.exists():
            ids = list(events.values_list("id", flat=True)[:BATCH])
            if not ids:
                break
            removed += Event.objects.using(using).filter(id__in=ids).delete()[0]
        same_epoch.update(pruned=top - count)
    return removed
