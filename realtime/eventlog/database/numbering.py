"""Giving committed events their offsets, in a transaction of its own that locks their streams.

One statement locks the streams, in the order of their names, and a later one reads what is to be
numbered: under READ COMMITTED each reads what is committed when it begins. One for both would read
from before the lock was waited for, and leave holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from realtime.eventlog.base import Draft, LoggedEvent
from realtime.eventlog.database.heads import READ_COMMITTED, short_transaction

Row = tuple[Any, ...]
"""A stream, and what ``logged`` takes after it and the epoch."""


def number(streams: Sequence[str], using: str) -> list[LoggedEvent]:
    """Number the committed events of streams; returns those that had no offset, in order.

    The streams must have heads: one that another process makes after the lock is not locked.
    """
    if not streams:
        return []
    connection = connections[using]
    in_one_trip = _takes_several_statements(connection)
    numbering = _number_in_one_trip if in_one_trip else _number_in_steps
    epochs, rows = numbering(connection, streams)
    return [logged(stream, epochs[stream], *row) for stream, *row in sorted(rows)]


def logged(
    stream: str,
    epoch: str,
    offset: int,
    event_id: str,
    name: str,
    data: str,
    at: int,
    exclude: str | None,
    origin: str | None,
    traceparent: str | None,
    wants_receipt: bool,
) -> LoggedEvent:
    """Return the event of a row."""
    about = exclude, origin, traceparent, bool(wants_receipt)  # SQLite has numbers.
    draft = Draft(event_id, name, data, at, None, *about)
    return LoggedEvent.of(draft, stream, epoch, offset)


def _takes_several_statements(connection: Any) -> bool:
    """Tell whether statements that are sent together will be one transaction, of their own.

    That is PostgreSQL's simple query protocol. It has no parameters, so the driver must fill them
    in, as psycopg 3 does by default; psycopg2 shows only the last answer.
    """
    return (
        connection.get_autocommit()
        and connection.Database.__name__ == "psycopg"
        and not connection.features.uses_server_side_binding
    )


def _number_in_one_trip(
    connection: BaseDatabaseWrapper, names: Sequence[str]
) -> tuple[dict[str, str], list[Row]]:
    statements = ";".join((READ_COMMITTED, _HEADS + _LOCKED, _NUMBER_AND_RAISE))
    with connection.cursor() as cursor:
        filled = statements.format(names=_placeholders(names), now=NOW["postgresql"])
        cursor.execute(filled, [*names, *names])
        cursor.nextset()
        epochs = dict(cursor.fetchall())
        cursor.nextset()
        return epochs, cursor.fetchall()


def _number_in_steps(
    connection: BaseDatabaseWrapper, names: Sequence[str]
) -> tuple[dict[str, str], list[Row]]:
    """Do it with any driver, and inside a transaction; SQLite's locks the whole database."""
    lock = _HEADS + (_LOCKED if connection.features.has_select_for_update else "")
    with short_transaction(connection.alias), connection.cursor() as cursor:
        cursor.execute(lock.format(names=_placeholders(names)), names)
        epochs = dict(cursor.fetchall())
        numbered_at = NOW.get(connection.vendor, "CURRENT_TIMESTAMP")
        cursor.execute(_NUMBER.format(names=_placeholders(names), now=numbered_at), names)
        rows = sorted(cursor.fetchall())
        tops = {stream: offset for stream, offset, *_ in rows}
        cursor.executemany(_RAISE, [(top, stream) for stream, top in tops.items()])
        return epochs, rows


def _placeholders(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


NOW = {
    # Not the statement's: that is from before the streams were locked, which may take its time.
    "postgresql": "clock_timestamp()",
    # CURRENT_TIMESTAMP has whole seconds there; strftime's %% is for the driver's placeholders.
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
}
"""The time of the database's clock, by vendor."""

_HEADS = "SELECT name, epoch FROM realtime_streamhead WHERE name IN ({names}) ORDER BY name"
_LOCKED = " FOR UPDATE"

_NUMBER = """
    UPDATE realtime_event SET "offset" = pending.next, numbered_at = {now}
    FROM (
        SELECT event.id,
               head.top + row_number() OVER (PARTITION BY event.stream ORDER BY event.id) AS next
        FROM realtime_event event
        JOIN realtime_streamhead head ON head.name = event.stream
        WHERE event.stream IN ({names}) AND event."offset" IS NULL
    ) AS pending
    WHERE realtime_event.id = pending.id
    RETURNING stream, "offset", event_id, name, data, at, exclude,
              origin, traceparent, wants_receipt
"""

_RAISE = "UPDATE realtime_streamhead SET top = %s WHERE name = %s"

_NUMBER_AND_RAISE = f"""
    WITH numbered AS ({_NUMBER}), raised AS (
        UPDATE realtime_streamhead SET top = reached.top
        FROM (SELECT stream, max("offset") AS top FROM numbered GROUP BY stream) AS reached
        WHERE name = reached.stream
    )
    SELECT * FROM numbered
"""
