"""Claims: what only one process may do at a time is done by the first, and left by the others."""

from __future__ import annotations

from django.db import connections

from realtime.models.presence import PresenceLock

CLASS = 1_919_246_965
"""Tells these advisory locks of PostgreSQL from those of the project."""


def claim(subject: str, using: str) -> bool:
    """Claim ``subject`` until the end of the transaction; returns False if another process has it.

    SQLite has one writer: a statement that writes nothing makes this transaction the one, which
    could not become it after it had read.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        PresenceLock.objects.using(using).filter(name="").update(name="")
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [CLASS, subject])
        (is_claimed,) = cursor.fetchone()
    return bool(is_claimed)
