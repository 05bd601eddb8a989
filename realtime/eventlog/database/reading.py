"""Reads heads and events in one statement, and so at one instant."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connections

from realtime.eventlog.base import Page
from realtime.eventlog.database.heads import positions
from realtime.eventlog.database.numbering import logged
from realtime.protocol.position import Position


def read_all(after: Mapping[str, int], limit: int, using: str) -> dict[str, Page]:
    """Return the pages of streams, also of those that have no head yet."""
    pages = read(after, limit, using)
    unknown = positions([name for name in after if name not in pages], using)
    pages |= {name: Page(position, []) for name, position in unknown.items()}
    begun = {name: after[name] for name, position in unknown.items() if position.offset}
    # Their events began after the first statement, and must not pass for a hole.
    return pages | read_all(begun, limit, using) if begun else pages


def read(after: Mapping[str, int], limit: int, using: str) -> dict[str, Page]:
    """Return the pages of those streams that have a head in a database, all of one instant."""
    if not after:
        return {}
    wanted = ", ".join(["(%s, CAST(%s AS bigint))"] * len(after))
    parameters = [value for pair in after.items() for value in pair]
    with connections[using].cursor() as cursor:
        cursor.execute(_READ.format(wanted=wanted), [*parameters, limit])
        rows = cursor.fetchall()
    pages: dict[str, Page] = {}
    for stream, epoch, top, offset, *row in rows:
        page = pages.setdefault(stream, Page(Position(epoch, top), []))
        if offset is not None:
            page.events.append(logged(stream, epoch, offset, *row))
    return pages


_READ = """
    WITH wanted (stream, after) AS (VALUES {wanted})
    SELECT head.name, head.epoch, head.top,
           event."offset", event.event_id, event.name, event.data, event.at, event.exclude,
           event.origin, event.traceparent, event.wants_receipt
    FROM wanted
    JOIN realtime_streamhead head ON head.name = wanted.stream
    LEFT JOIN realtime_event event
        ON event.stream = head.name
        AND event."offset" > wanted.after AND event."offset" <= wanted.after + %s
    ORDER BY head.name, event."offset"
"""
