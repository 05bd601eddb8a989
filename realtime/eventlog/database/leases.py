"""Leases in the database log: one UPDATE decides which process has one, by the database's clock."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from realtime.eventlog.entries import NOTE_FOR
from realtime.models.log import Lease


def take(task: str, process: str, seconds: float, using: str) -> str | None:
    """Take a lease that is free; returns the last holder's note, None where it is not free."""
    leases = Lease.objects.using(using).filter(task=task)
    lately = leases.filter(until__gte=Now() - timedelta(seconds=NOTE_FOR))
    note = lately.values_list("note", flat=True).first()
    if note is None:
        Lease.objects.using(using).bulk_create([Lease(task=task)], ignore_conflicts=True)
    is_free = Q(process__in=["", process]) | Q(until__lt=Now())
    until = Now() + timedelta(seconds=seconds)
    return (note or "") if leases.filter(is_free).update(process=process, until=until) else None


def keep(task: str, process: str, seconds: float, note: str, using: str) -> bool:
    """Keep a lease, unless another process has taken it meanwhile."""
    mine = Lease.objects.using(using).filter(task=task, process=process)
    return bool(mine.update(until=Now() + timedelta(seconds=seconds), note=note))
