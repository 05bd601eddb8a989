"""Removing rows that several processes remove at the same time, so that none waits for another.

Two statements that delete the same rows may take them in different orders; then each waits for a
row of the other, and PostgreSQL ends one of the two with an error.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models import QuerySet


def remove_unlocked(rows: QuerySet[Any], limit: int | None = None) -> int:
    """Delete rows, at most ``limit`` of them, but none that another transaction has locked.

    The caller's transaction keeps the locks, and has to be there. Returns how many are deleted.
    """
    keys: Any = rows.values_list("pk", flat=True)
    if connections[rows.db].features.has_select_for_update:
        # A list, since a plan may run a subquery with a limit more than once.
        keys = list(keys.select_for_update(skip_locked=True)[:limit])
    else:
        # In one statement: a transaction that has read may not be able to write any more.
        keys = keys[:limit]
    removed: int = rows.model._base_manager.using(rows.db).filter(pk__in=keys).delete()[0]
    return removed
