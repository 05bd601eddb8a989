"""Removes deadlines and receipts that are as old as the events that the log no longer keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from realtime.concurrency.removal import remove_unlocked
from realtime.eventlog.database.heads import short_transaction
from realtime.eventlog.retention import default_retention
from realtime.models import Deadline, Receipt
from realtime.receipts.deadlines import database

BATCH = 1000
"""Rows that one statement removes."""


def prune() -> int:
    """Remove what is older than ``RETENTION["AGE"]``; returns how many rows went.

    A deadline that is not settled stays until it is.
    """
    using = database()
    oldest = Now() - timedelta(seconds=default_retention().max_age)
    deadlines = Deadline.objects.using(using).filter(settled_at__lt=oldest)
    receipts = Receipt.objects.using(using).filter(received_at__lt=oldest)
    return _remove_batches(deadlines) + _remove_batches(receipts)


def forget(user: str) -> None:
    """Erase the receipts of a user, by the name of the user's own stream."""
    Receipt.objects.using(database()).filter(user=user).delete()


def _remove_batches(rows: QuerySet[Any]) -> int:
    removed = 0
    while True:
        with short_transaction(rows.db):
            batch = remove_unlocked(rows, BATCH)
        removed += batch
        if batch < BATCH:
            return removed
