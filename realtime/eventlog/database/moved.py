"""Which streams of the database log have moved: those of the events numbered since a cursor.

A cursor is the database's time at the last look, with what tells that the tables were restored
since: the seed of all epochs, and the newest event. Restored tables lack that, or have another.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.db import connections

from realtime.conf import realtime_settings
from realtime.eventlog.database.entries import DIALECTS
from realtime.eventlog.database.numbering import NOW
from realtime.eventlog.entries import Moved
from realtime.protocol.position import Position

LOOK_BEHIND = 10.0
"""Seconds before the last look from which events are looked for again, at least.

So long may a commit take that numbers events, and the clock may go back by as much.
"""

CURSOR_FOR = 1800.0
"""Seconds for which a cursor is good: what has moved since is still in the log."""


class _Mark(NamedTuple):
    at: float
    """Seconds since 1970."""
    seed: str | None
    event: str | None
    """The id of the newest event, None where there was none."""
    stream: str | None
    offset: int | None


def moved(cursor: str | None, limit: int, using: str) -> Moved:
    """Return the streams that have moved since a cursor, at most ``limit``."""
    if connections[using].vendor not in DIALECTS:
        return Moved(None, None)
    before = None if cursor is None else _Mark(*json.loads(cursor))
    now, is_there = _look(before, using)
    after = json.dumps(now)
    if before is None or not is_there or not 0 <= now.at - before.at <= CURSOR_FOR:
        return Moved(after, None)
    begin = before.at - max(LOOK_BEHIND, realtime_settings().POSITION_CHECK)
    rows = _rows(_MOVED, [begin, begin, limit + 1], using)
    if len(rows) > limit:
        return Moved(after, None)
    return Moved(after, {name: Position(epoch, top) for name, epoch, top in rows})


def _look(before: _Mark | None, using: str) -> tuple[_Mark, bool]:
    """Return what the next cursor is made of, and whether the log still has what the last one had.

    This comes before the search: what is numbered in between is found by both looks.
    """
    seed, event, stream, offset = (None,) * 4 if before is None else before[1:]
    parameters = [stream, offset, event, stream, offset]
    [(at, new_seed, new_event, new_stream, new_offset, has_event)] = _rows(_LOOK, parameters, using)
    is_there = seed == new_seed and (event is None or bool(has_event))
    return _Mark(float(at), new_seed, new_event, new_stream, new_offset), is_there


def _rows(statement: str, parameters: list[Any], using: str) -> list[Any]:
    connection = connections[using]
    dialect = DIALECTS[connection.vendor]
    now = dialect["seconds"].format(NOW[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(statement.format(now=now, time=dialect["time"]), parameters)
        rows: list[Any] = cursor.fetchall()
        return rows


# An event may have been pruned by count since.
_LOOK = """
    SELECT {now}, seed.epoch, newest.event_id, newest.stream, newest."offset",
           EXISTS (SELECT 1 FROM realtime_event
                   WHERE stream = %s AND "offset" = %s AND event_id = %s)
           OR EXISTS (SELECT 1 FROM realtime_streamhead WHERE name = %s AND pruned >= %s)
    FROM (SELECT 1 AS one) AS always
    LEFT JOIN realtime_streamhead seed ON seed.name = ''
    LEFT JOIN (
        SELECT event_id, stream, "offset" FROM realtime_event WHERE numbered_at IS NOT NULL
        ORDER BY numbered_at DESC, id DESC LIMIT 1
    ) AS newest ON 1 = 1
"""

_MOVED = """
    SELECT name, epoch, top FROM realtime_streamhead
    WHERE name IN (
        SELECT stream FROM realtime_event WHERE numbered_at > {time}
        UNION
        SELECT name FROM realtime_streamhead WHERE begun_at > {time}
    )
    LIMIT %s
"""
