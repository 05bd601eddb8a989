"""When each event came to the Redis log: of all streams the newest publishes, in one Redis stream.

It has an entry a publish, whose id is the time, with a line for each stream: its name, its epoch
and the event's offset. It is capped, so a publish that is older than the newest ``MAX_RECENT`` is
found by its stream only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from realtime.eventlog.entries import MAX_FOUND, SETTLED_AFTER, LogEntry, Recent

MAX_RECENT = 50_000
"""Publishes that are kept, about: 10 MB of Redis."""

BATCH = 500
"""Entries that are read together where they are searched."""

LAST = 2**64 - 1
"""The greatest number after a time in the ids of Redis streams."""

Fields = Mapping[str, str]


def recent(client: Any, key: str, cursor: str | None, limit: int) -> Recent:
    """Return the events that were numbered after a cursor, those of one publish together."""
    seconds, microseconds = client.time()
    settled = seconds * 1000 + microseconds // 1000 - int(SETTLED_AFTER * 1000)
    if cursor is None:
        return Recent(f"{settled}-{LAST}", ())
    entries: list[LogEntry] = []
    for entry, fields in client.xrange(key, f"({cursor}", settled, count=limit):
        published = _published(entry, fields)
        if entries and len(entries) + len(published) > limit:
            break
        entries += published
        cursor = entry
    return Recent(str(cursor), entries)


def find(client: Any, key: str, field: str, value: str) -> Sequence[LogEntry]:
    """Return the newest events whose ``id`` or ``key`` is a value, the oldest first."""
    found: list[LogEntry] = []
    for entry, fields in _backwards(client, key):
        if fields.get(field) == value:
            found = _published(entry, fields) + found
        if len(found) >= MAX_FOUND or (found and field == "id"):
            break
    return found[-MAX_FOUND:]


def between(
    client: Any, key: str, stream: str, epoch: str, begin: float, end: float, limit: int
) -> Sequence[LogEntry]:
    """Return the newest events of a stream's own ``key`` between two times, the oldest first."""
    found: list[LogEntry] = []
    for entry, fields in _backwards(client, key):
        # Of an earlier version there are whole seconds, and it can read nothing else.
        logged_at = float(fields["logged"]) + float(fields.get("fraction", 0))
        if logged_at < begin or len(found) >= limit:
            break
        if logged_at <= end:
            offset = int(entry.partition("-")[0])
            found.append(_entry(stream, epoch, offset, fields, logged_at))
    return found[::-1]


def _backwards(client: Any, key: str) -> Iterator[tuple[str, Fields]]:
    last = "+"
    while batch := client.xrevrange(key, last, "-", count=BATCH):
        yield from batch
        last = f"({batch[-1][0]}"


def _published(entry: str, fields: Fields) -> list[LogEntry]:
    numbered_at = int(entry.partition("-")[0]) / 1000
    places = (line.split(" ") for line in fields["places"].split("\n"))
    return [
        _entry(stream, epoch, int(offset), fields, numbered_at) for stream, epoch, offset in places
    ]


def _entry(stream: str, epoch: str, offset: int, fields: Fields, at: float) -> LogEntry:
    published_at = int(fields["at"]) / 1000
    about = fields.get("key"), fields.get("exclude"), fields.get("origin")
    return LogEntry(
        *(stream, epoch, offset, fields["id"], fields["name"], published_at, at, at), *about
    )
