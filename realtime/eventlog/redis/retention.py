"""Removes what is old: Redis itself prunes by count at each append, and whole streams by age."""

from __future__ import annotations

from typing import Any

from realtime.eventlog.redis.keys import Keys
from realtime.eventlog.retention import default_retention, retention_of


def prune(client: Any, keys: Keys) -> int:
    """Do the rest, and return how many events that has removed."""
    now = client.time()[0]
    client.xtrim(keys.recent, minid=(now - default_retention().max_age) * 1000)
    removed = 0
    for events in client.scan_iter(keys.events("*"), count=1000):
        retention = retention_of(keys.stream_of(events))
        removed += client.xtrim(events, maxlen=retention.max_count, approximate=False)
        removed += _prune_by_age(client, events, now - retention.max_age)
    return removed


def _prune_by_age(client: Any, events: str, oldest: int) -> int:
    removed = 0
    while first := client.xrange(events, count=1):
        entry, fields = first[0]
        if float(fields["logged"]) >= oldest:
            break
        removed += client.xdel(events, entry)
    return removed
