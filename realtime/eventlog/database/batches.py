"""Removes many rows, a batch at a time, so that each is locked for a short time."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from realtime.concurrency.removal import remove_unlocked
from realtime.eventlog.database.heads import short_transaction

BATCH = 1000
"""Rows that one statement removes."""


def remove_in_batches(rows: QuerySet[Any]) -> int:
    """Remove all rows that no other transaction has locked; returns how many went."""
    removed = 0
    while True:
        with short_transaction(rows.db):
            batch = remove_unlocked(rows, BATCH)
        removed += batch
        if batch < BATCH:
            return removed
