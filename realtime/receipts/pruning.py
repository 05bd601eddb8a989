"""Removes deadlines and receipts that are as old as the events that the log no longer keeps."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from realtime.eventlog.database.batches import remove_in_batches
from realtime.eventlog.retention import default_retention
from realtime.models.receipts import Deadline, Receipt
from realtime.receipts.deadlines import database


def prune() -> int:
    """Remove what is older than ``RETENTION["AGE"]``; returns how many rows went.

    A deadline that is not settled stays until it is.
    """
    using = database()
    oldest = Now() - timedelta(seconds=default_retention().max_age)
    deadlines = Deadline.objects.using(using).filter(settled_at__lt=oldest)
    receipts = Receipt.objects.using(using).filter(received_at__lt=oldest)
    return remove_in_batches(deadlines) + remove_in_batches(receipts)


def forget(user: str) -> None:
    """Erase the receipts of a user, by the name of the user's own stream."""
    Receipt.objects.using(database()).filter(user=user).delete()
