"""What a storm left in the database, read when all is over."""

import json
from collections.abc import Mapping, Sequence

import psycopg

from realtime.protocol.presence import PRESENCE_EVENT
from tests.faults.checker import Log, Row


def read_rows(database_url: str) -> list[Row]:
    """Return every event, as publishers that send a token as data have made them."""
    statement = (
        'SELECT stream, "offset", event_id, name, data FROM realtime_event '
        'ORDER BY stream, "offset"'
    )
    with psycopg.connect(database_url) as connection:
        return [
            Row(stream, offset, event_id, None if name == PRESENCE_EVENT else json.loads(data))
            for stream, offset, event_id, name, data in connection.execute(statement)
        ]


def read_written(database_url: str) -> list[str]:
    """Return the tokens of the other data that was written with events."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT name FROM auth_group WHERE name LIKE 't%-%'")
        return [name for (name,) in rows]


def read_signals(database_url: str) -> list[tuple[str, str]]:
    """Return what the receivers of the signals have written: what, and of which user, in order."""
    statement = "SELECT name FROM auth_group WHERE name LIKE 'o%line %' ORDER BY id"
    with psycopg.connect(database_url) as connection:
        parts = [name.split() for (name,) in connection.execute(statement)]
    return [(what, user) for what, user, _ in parts]


def read_logs(database_url: str, rows: Sequence[Row]) -> Mapping[str, Log]:
    """Return the logs of all streams that have events."""
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(row.stream, []).append(row.id)
    with psycopg.connect(database_url) as connection:
        heads = connection.execute("SELECT name, epoch, pruned FROM realtime_streamhead")
        return {name: Log(epoch, ids[name], pruned) for name, epoch, pruned in heads if name in ids}
