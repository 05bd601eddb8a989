"""Begins new epochs of streams: after a loss, and where a stream is forgotten."""

from __future__ import annotations

from django.db.models import Max
from django.db.models.functions import Now

from realtime.eventlog.base import random_epoch
from realtime.eventlog.database.heads import make_heads, short_transaction
from realtime.models import Event, StreamHead
from realtime.protocol.position import Position


def new_epoch(stream: str, epoch: str, beyond: int | None, using: str) -> Position:
    """Do what ``EventLog.new_epoch`` does."""
    make_heads([stream], using)
    with short_transaction(using):
        head = _locked_head(stream, using)
        if head.epoch == epoch and (beyond is None or head.top < beyond):
            head.epoch, head.top = random_epoch(), max(head.top, _last_offset(stream, using))
            head.begun_at = Now()
            head.save(using=using, update_fields=["epoch", "top", "begun_at"])
        return Position(head.epoch, head.top)


def forget(stream: str, using: str) -> None:
    """Remove a stream's events, in a new epoch; one that was never used stays as it is."""
    if not _was_used(stream, using):
        return
    make_heads([stream], using)
    with short_transaction(using):
        head = _locked_head(stream, using)
        Event.objects.using(using).filter(stream=stream).delete()
        head.epoch, head.top, head.pruned = random_epoch(), 0, 0
        head.begun_at = Now()
        head.save(using=using)


def _last_offset(stream: str, using: str) -> int:
    """Return what the head's top should be; where they were restored apart it may be lower."""
    events = Event.objects.using(using).filter(stream=stream)
    return events.aggregate(last=Max("offset"))["last"] or 0


def _was_used(stream: str, using: str) -> bool:
    used = StreamHead.objects.using(using).filter(name=stream, top__gt=0)
    # Of a first event, the head may be missing still.
    return used.exists() or Event.objects.using(using).filter(stream=stream).exists()


def _locked_head(stream: str, using: str) -> StreamHead:
    return StreamHead.objects.using(using).select_for_update().get(name=stream)
