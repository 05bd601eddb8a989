"""When each event came to the Redis log: of all streams the newest publishes, in one Redis stream.

It has an entry a publish, whose id is the time, with a line for each stream: its name, its epoch
and the event's offset. It is capped, so a publish that is older than the newest ``MAX_RECENT`` is
found by its stream only. A new epoch has an entry as well, whose one field is ``begun``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import redis

from realtime.eventlog.entries import MAX_FOUND, SETTLED_AFTER, LogEntry, Moved, Recent
from realtime.protocol.position import Position

MAX_RECENT = 50_000
"""Publishes that are kept, about: 10 MB of Redis."""

BATCH = 500
"""Entries that are read together where they are searched."""

LAST = 2**64 - 1
"""The greatest number after a time in the ids of Redis streams."""

MOVED = """
local entry, batch, age = unpack(ARGV)
if entry == '' or #redis.call('XRANGE', KEYS[1], entry, entry) == 0 then
    local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    if newest then return {newest[1], false} end
    local first = redis.call('XADD', KEYS[1], '*', 'begun', '')
    redis.call('EXPIRE', KEYS[1], age)
    return {first, false}
end
local entries = redis.call('XRANGE', KEYS[1], '(' .. entry, '+', 'COUNT', batch)
local places = {}
for _, found in ipairs(entries) do
    entry = found[1]
    local fields = found[2]
    for i = 1, #fields, 2 do
        if fields[i] == 'places' or fields[i] == 'begun' then
            for stream, place in string.gmatch(fields[i + 1], '([^ \\n]+) ([^\\n]+)') do
                places[stream] = place
            end
        end
    end
end
local last = {}
for stream, place in pairs(places) do last[#last + 1] = stream .. ' ' .. place end
return {entry, #entries, last}
"""
"""Reads a batch of entries: returns the last one, how many there were, and each stream's place.

Where the entry to go on from is gone, it returns the last one only, and makes that if need be.
"""

Fields = Mapping[str, str]


def state(client: Any) -> str:
    """Return a text that changes when Redis starts, fails over, or evicts keys."""
    try:
        with client.pipeline(transaction=False) as pipeline:
            server, stats = pipeline.info("server").info("stats").execute()
    except redis.exceptions.NoPermissionError:
        return ""
    return f"{server['run_id']}/{stats['evicted_keys']}"


def moved(script: Any, key: str, entry: str, limit: int, age: int) -> Moved:
    """Return the streams of the publishes after an entry; the cursor is the last entry."""
    positions: dict[str, Position] = {}
    read = 0
    while True:
        entry, count, *places = script(keys=[key], args=[entry, BATCH, age])
        if count is None:
            return Moved(entry, None)
        for stream, epoch, offset in (line.split(" ") for line in places[0]):
            positions[stream] = Position(epoch, int(offset))
        read += count
        if read > limit:
            return Moved(_last(script, key, age), None)
        if count < BATCH:
            return Moved(entry, positions)


def _last(script: Any, key: str, age: int) -> str:
    last: str = script(keys=[key], args=["", BATCH, age])[0]
    return last


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
    places = (line.split(" ") for line in fields.get("places", "").splitlines())
    return [
        _entry(stream, epoch, int(offset), fields, numbered_at) for stream, epoch, offset in places
    ]


def _entry(stream: str, epoch: str, offset: int, fields: Fields, at: float) -> LogEntry:
    published_at = int(fields["at"]) / 1000
    about = fields.get("key"), fields.get("exclude"), fields.get("origin")
    return LogEntry(
        *(stream, epoch, offset, fields["id"], fields["name"], published_at, at, at), *about
    )
