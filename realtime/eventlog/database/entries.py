"""When each event came to the database log: the newest of all streams, or those that are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections

from realtime.eventlog.entries import MAX_FOUND, SETTLED_AFTER, LogEntry, Recent

DIALECTS = {
    "postgresql": {
        "settled": "statement_timestamp() - interval '{0} seconds'",
        "seconds": "EXTRACT(EPOCH FROM {0})::float8",
        "time": "to_timestamp(%s)",
        "text": "{0}::text",
        "cursor": "%s::timestamptz",
    },
    "sqlite": {
        "settled": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-{0} seconds')",
        "seconds": "(julianday({0}) - 2440587.5) * 86400",
        "time": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', %s, 'unixepoch')",
        "text": "{0} || ''",  # Django would make a datetime of a column.
        "cursor": "%s",
    },
}
"""How each database writes times; a cursor keeps them as they are stored, to the last digit."""


def recent(cursor: str | None, limit: int, using: str) -> Recent:
    """Return the events that were numbered after a cursor, in that order."""
    if cursor is None:
        [(now,)] = _rows(_SETTLED, [], using)
        return Recent(f"{now}/0", ())
    at, _, last = cursor.rpartition("/")
    rows = _rows(_RECENT, [at, int(last), limit], using)
    if rows:
        cursor = f"{rows[-1][-2]}/{rows[-1][-1]}"
    return Recent(cursor, [LogEntry(*row[:-2]) for row in rows])


def find(column: str, value: str, using: str) -> Sequence[LogEntry]:
    """Return the newest events with an ``event_id`` or a ``key``, the oldest first."""
    rows = _rows(_FIND.replace("{column}", column), [value, MAX_FOUND], using)
    return [LogEntry(*row[:-2]) for row in reversed(rows)]


def between(stream: str, begin: float, end: float, limit: int, using: str) -> Sequence[LogEntry]:
    """Return the newest events of a stream that were numbered between two times, oldest first."""
    rows = _rows(_BETWEEN, [begin, end, stream, limit], using)
    return [LogEntry(*row[:-2]) for row in reversed(rows)]


def _rows(statement: str, parameters: Sequence[Any], using: str) -> list[Any]:
    connection = connections[using]
    dialect = DIALECTS[connection.vendor]
    settled = dialect["settled"].format(SETTLED_AFTER)
    filled = statement.format(
        settled=settled,
        settled_text=dialect["text"].format(f"({settled})"),
        logged_at=dialect["seconds"].format("event.logged_at"),
        numbered_at=dialect["seconds"].format("event.numbered_at"),
        numbered_text=dialect["text"].format("event.numbered_at"),
        time=dialect["time"],
        cursor=dialect["cursor"],
    )
    with connection.cursor() as cursor:
        cursor.execute(filled, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows


_SETTLED = "SELECT {settled_text}"

_ENTRIES = """
    SELECT event.stream, COALESCE(head.epoch, ''), event."offset", event.event_id, event.name,
           CAST(event.at AS double precision) / 1000, {logged_at}, {numbered_at},
           event.key, event.exclude, event.origin, {numbered_text}, event.id
    FROM realtime_event event
    LEFT JOIN realtime_streamhead head ON head.name = event.stream
"""

_RECENT = (
    _ENTRIES
    + """
    WHERE (event.numbered_at, event.id) > ({cursor}, %s) AND event.numbered_at <= {settled}
    ORDER BY event.numbered_at, event.id LIMIT %s
"""
)

_FIND = _ENTRIES + "WHERE event.{column} = %s ORDER BY event.id DESC LIMIT %s"

_BETWEEN = (
    _ENTRIES
    + """
    WHERE event.numbered_at BETWEEN {time} AND {time} AND event.stream = %s
    ORDER BY event.numbered_at DESC, event.id DESC LIMIT %s
"""
)
