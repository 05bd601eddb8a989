"""Inserts events without an offset, in the publisher's transaction: that locks no stream."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import chain
from typing import Any

from django.db import connections

from realtime.eventlog.base import Addressed, Draft
from realtime.eventlog.database.heads import short_transaction


def insert(events: Sequence[Addressed], using: str) -> list[str]:
    """Insert rows without an offset; returns the streams that have no head yet."""
    rows = [_row(number, draft) for number, (_, draft) in enumerate(events)]
    wanted: list[tuple[Any, ...]] = [
        (number, name) for number, (names, _) in enumerate(events) for name in names
    ]
    statement = _INSERT.format(events=_values(rows), wanted=_values(wanted))
    connection = connections[using]
    # Under REPEATABLE READ, a key that another publisher has just committed is an error.
    has_key = any(draft.key is not None for _, draft in events)
    own = has_key and not connection.in_atomic_block
    with short_transaction(using) if own else nullcontext(), connection.cursor() as cursor:
        cursor.execute(statement, list(chain(*rows, *wanted)))
        have_heads = {stream for (stream,) in cursor.fetchall()}
    return [stream for stream in streams_of(events) if stream not in have_heads]


def streams_of(events: Sequence[Addressed]) -> list[str]:
    """Return the streams of events, each once."""
    return list(dict.fromkeys(name for streams, _ in events for name in streams))


def _row(number: int, draft: Draft) -> tuple[Any, ...]:
    return (
        *(number, draft.id, draft.key, draft.name, draft.data, draft.at, draft.exclude),
        *(draft.origin, draft.traceparent, draft.wants_receipt),
    )


def _values(rows: Sequence[tuple[Any, ...]]) -> str:
    """Return the placeholders of rows that are equally long."""
    return ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))


# In the order of names, since publishers with an equal key wait for each other's rows.
_INSERT = """
    WITH event (number, event_id, key, name, data, at, exclude, origin, traceparent, receipt)
        AS (VALUES {events}),
    wanted (number, stream) AS (VALUES {wanted})
    INSERT INTO realtime_event
        (stream, event_id, key, name, data, at, exclude, origin, traceparent, wants_receipt)
    SELECT stream, event_id, key, name, data, at, exclude, origin, traceparent, receipt
    FROM wanted JOIN event ON event.number = wanted.number
    ORDER BY stream, wanted.number
    ON CONFLICT (stream, key) DO NOTHING
    RETURNING (SELECT head.name FROM realtime_streamhead head WHERE head.name = stream)
"""
