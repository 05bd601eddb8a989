"""Whether there is anything to sweep: one short statement, which an idle process asks again."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connections

POSTGRESQL = {
    "now": "STATEMENT_TIMESTAMP()",
    "seconds": "EXTRACT(EPOCH FROM MIN(due_at) - STATEMENT_TIMESTAMP())",
}
SQLITE = {
    "now": "STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')",
    "seconds": "(JULIANDAY(MIN(due_at)) - JULIANDAY('NOW')) * 86400",
}


class Due(NamedTuple):
    """What is to be done now, and in how many seconds something will be."""

    has_changes: bool
    """Whether a lease has run out, or a join or leave is to be settled."""
    has_notices: bool
    next_due: float | None


def look(using: str) -> Due:
    """Return what is due by the database's clock."""
    connection = connections[using]
    dialect = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    with connection.cursor() as cursor:
        cursor.execute(_DUE.format(**dialect))
        has_changes, has_notices, seconds = cursor.fetchone()
    next_due = None if seconds is None else max(0.0, float(seconds))
    return Due(bool(has_changes), bool(has_notices), next_due)


_DUE = """
    SELECT EXISTS (SELECT 1 FROM realtime_presenceprocess WHERE lease_until < {now})
           OR EXISTS (SELECT 1 FROM realtime_attendance WHERE NOT is_announced)
           OR EXISTS (SELECT 1 FROM realtime_attendance WHERE due_at <= {now}),
           EXISTS (SELECT 1 FROM realtime_presencenotice),
           (SELECT {seconds} FROM realtime_attendance WHERE due_at IS NOT NULL)
"""
