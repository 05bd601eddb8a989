"""The event log in Redis streams: for those whose events need not be committed with their data.

One Lua script a publish gives the offsets and appends, so that nothing can come between. A
stream's head and its events live as long as is kept after the last event. Redis Cluster is
not supported: one publish may touch many streams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from realtime.eventlog import redis_entries
from realtime.eventlog.base import Draft, EventLog, LoggedEvent, OnNumbered, Page, random_epoch
from realtime.eventlog.commit import after_every_commit
from realtime.eventlog.entries import NOTE_FOR, LogEntry, Moved, Recent
from realtime.eventlog.redis_entries import MAX_RECENT, MOVED
from realtime.eventlog.retention import default_retention, retention_of
from realtime.protocol.position import Position

__all__ = ["RedisEventLog"]

ANSWER_WITHIN = 2.0
"""Seconds that Redis may take to connect or to answer."""

UNUSED_AGE = 3600
"""Seconds for which the head of a stream without events is kept after it was last asked for.

As long as somebody follows the stream, it is asked for. One who makes up names can't fill Redis.
"""

APPEND = """
local id, name, data, at, key, epoch, exclude, again = unpack(ARGV, 1, 8)
local origin, trace, receipt = unpack(ARGV, 9, 11)
local time = redis.call('TIME')
local fraction = string.format('0.%06d', time[2])
local numbered = {}
local places = {}
local oldest = 0
local more = {}
for field, value in pairs({exclude = exclude, origin = origin, trace = trace, receipt = receipt}) do
    if value ~= '' then
        more[#more + 1] = field
        more[#more + 1] = value
    end
end
local function appended(events)
    for _, entry in ipairs(redis.call('XREVRANGE', events, '+', '-', 'COUNT', 100)) do
        if entry[2][2] == id then return true end
    end
end
for i = 2, #KEYS, 3 do
    local head, events, keyed = KEYS[i], KEYS[i + 1], KEYS[i + 2]
    local kept = 12 + (i - 2) / 3 * 2
    local count, age = ARGV[kept + 1], ARGV[kept + 2]
    local fresh = again == '' or not appended(events)
    if fresh and (key == '' or redis.call('SET', keyed, id, 'NX', 'EX', age)) then
        redis.call('HSETNX', head, 'epoch', epoch)
        local offset = redis.call('HINCRBY', head, 'top', 1)
        if offset == 1 then redis.call('DEL', events) end -- of an epoch whose head was evicted
        redis.call('XADD', events, 'MAXLEN', count, offset .. '-0',
                   'id', id, 'name', name, 'data', data, 'at', at, 'logged', time[1],
                   'fraction', fraction, unpack(more))
        redis.call('EXPIRE', head, age)
        redis.call('EXPIRE', events, age)
        local current = redis.call('HGET', head, 'epoch')
        numbered[#numbered + 1] = {(i - 2) / 3, current, offset}
        places[#places + 1] = string.match(head, '[^:]*$') .. ' ' .. current .. ' ' .. offset
        oldest = math.max(oldest, tonumber(age))
    end
end
if #places > 0 then
    if key ~= '' then
        more[#more + 1] = 'key'
        more[#more + 1] = key
    end
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[12], '*', 'id', id, 'name', name, 'at', at,
               'places', table.concat(places, '\\n'), unpack(more))
    redis.call('EXPIRE', KEYS[1], oldest)
end
return numbered
"""

POSITIONS = """
local epoch, unused_age = ARGV[1], tonumber(ARGV[2])
local positions = {}
for i, head in ipairs(KEYS) do
    redis.call('HSETNX', head, 'epoch', epoch)
    local top, age = redis.call('HGET', head, 'top'), tonumber(ARGV[2 + i])
    redis.call('EXPIRE', head, top and age or math.min(age, unused_age))
    positions[i] = {redis.call('HGET', head, 'epoch'), top or '0'}
end
return positions
"""

BEGUN = """
local function begun(stream, epoch, top, age) -- among the publishes, for those who follow it
    redis.call('XADD', KEYS[1], '*', 'begun', stream .. ' ' .. epoch .. ' ' .. top)
    if redis.call('TTL', KEYS[1]) < tonumber(age) then redis.call('EXPIRE', KEYS[1], age) end
end
"""

NEW_EPOCH = (
    BEGUN
    + """
local stream, age, old, new, beyond = unpack(ARGV)
local head = redis.call('HMGET', KEYS[2], 'epoch', 'top')
if head[1] == old and (beyond == '' or tonumber(head[2] or '0') < tonumber(beyond)) then
    redis.call('HSET', KEYS[2], 'epoch', new)
    begun(stream, new, head[2] or '0', age)
end
"""
)

FORGET = (
    BEGUN
    + """
local stream, age, new = unpack(ARGV)
local used = (redis.call('HGET', KEYS[2], 'top') or '0') ~= '0'
if not used and redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('HSET', KEYS[2], 'epoch', new, 'top', 0)
redis.call('EXPIRE', KEYS[2], age)
begun(stream, new, 0, age)
return 1
"""
)

TAKE_LEASE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('GET', KEYS[2]) or ''
"""

KEEP_LEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2] + ARGV[4])
return 1
"""


class RedisEventLog(EventLog):
    """Keeps events in the Redis at ``url``, in keys that begin with ``prefix``."""

    def __init__(self, url: str, prefix: str = "realtime") -> None:
        self._prefix = prefix
        self._redis: Any = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_WITHIN,
            socket_connect_timeout=ANSWER_WITHIN,
            retry=Retry(NoBackoff(), 0),
        )
        self._append_script = self._redis.register_script(APPEND)
        self._positions_script = self._redis.register_script(POSITIONS)
        self._new_epoch_script = self._redis.register_script(NEW_EPOCH)
        self._forget_script = self._redis.register_script(FORGET)
        self._moved_script = self._redis.register_script(MOVED)
        self._take_lease_script = self._redis.register_script(TAKE_LEASE)
        self._keep_lease_script = self._redis.register_script(KEEP_LEASE)

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        after_every_commit(lambda: on_numbered(self._append(streams, draft)))

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        heads = [self._head(name) for name in streams]
        ages = [retention_of(name).max_age for name in streams]
        args: list[str | int] = [random_epoch(), UNUSED_AGE, *ages]
        found = _twice(lambda: self._positions_script(keys=heads, args=args))
        return {
            name: Position(epoch, int(top))
            for name, (epoch, top) in zip(streams, found, strict=True)
        }

    def read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        pages: dict[str, Page] = _twice(lambda: self._read(after, limit))
        return pages

    def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        limit = "" if beyond is None else beyond
        keys = [self._key("recent"), self._head(stream)]
        about: list[str | int] = [stream, retention_of(stream).max_age]
        self._new_epoch_script(keys=keys, args=[*about, epoch, random_epoch(), limit])
        return self.positions([stream])[stream]

    def forget(self, stream: str) -> None:
        keys = [self._key("recent"), self._head(stream), self._key("events", stream)]
        about: list[str | int] = [stream, retention_of(stream).max_age]
        if self._forget_script(keys=keys, args=[*about, random_epoch()]):
            for key in self._redis.scan_iter(self._key("key", stream, "*"), count=1000):
                self._redis.delete(key)

    def prune(self) -> int:
        """Redis prunes by count at each append, and whole streams by age; this does the rest."""
        now = self._redis.time()[0]
        oldest = now - default_retention().max_age
        self._redis.xtrim(self._key("recent"), minid=oldest * 1000)
        removed = 0
        for events in self._redis.scan_iter(self._key("events", "*"), count=1000):
            retention = retention_of(events.removeprefix(self._key("events", "")))
            removed += self._redis.xtrim(events, maxlen=retention.max_count, approximate=False)
            removed += self._prune_by_age(events, now - retention.max_age)
        return removed

    def moved(self, cursor: str | None, limit: int) -> Moved:
        of_now = _twice(lambda: redis_entries.state(self._redis))
        state, _, entry = (cursor or "").rpartition("/")
        if state != of_now:
            entry = ""
        age = default_retention().max_age
        found: Moved = _twice(
            lambda: redis_entries.moved(self._moved_script, self._key("recent"), entry, limit, age)
        )
        return Moved(f"{of_now}/{found.cursor}", found.positions)

    def recent(self, cursor: str | None, limit: int = 1000) -> Recent:
        return redis_entries.recent(self._redis, self._key("recent"), cursor, limit)

    def find(self, *, id: str | None = None, key: str | None = None) -> Sequence[LogEntry]:
        field, value = ("key", key) if id is None else ("id", id)
        if value is None:
            return ()
        return redis_entries.find(self._redis, self._key("recent"), field, value)

    def between(self, stream: str, begin: float, end: float, limit: int) -> Sequence[LogEntry]:
        events, epoch = self._key("events", stream), self.positions([stream])[stream].epoch
        return redis_entries.between(self._redis, events, stream, epoch, begin, end, limit)

    def take_lease(self, task: str, process: str, seconds: float) -> str | None:
        keys = [self._key("lease", task), self._key("note", task)]
        args: list[str | int] = [process, int(seconds * 1000)]
        note: str | None = _twice(lambda: self._take_lease_script(keys=keys, args=args))
        return note

    def keep_lease(self, task: str, process: str, seconds: float, note: str) -> bool:
        keys = [self._key("lease", task), self._key("note", task)]
        args: list[str | int] = [process, int(seconds * 1000), note, int(NOTE_FOR * 1000)]
        return bool(_twice(lambda: self._keep_lease_script(keys=keys, args=args)))

    def _prune_by_age(self, events: str, oldest: int) -> int:
        removed = 0
        while first := self._redis.xrange(events, count=1):
            entry, fields = first[0]
            if float(fields["logged"]) >= oldest:
                break
            removed += self._redis.xdel(events, entry)
        return removed

    def _append(self, streams: Sequence[str], draft: Draft) -> list[LoggedEvent]:
        keys = [self._key("recent")]
        for name in streams:
            keys += [self._head(name), self._key("events", name)]
            keys.append(self._key("key", name, draft.key or ""))
        parts = (draft.id, draft.name, draft.data, draft.at, draft.key or "", random_epoch())
        arguments: list[Any] = [*parts, draft.exclude or ""]
        receipt = "1" if draft.wants_receipt else ""
        more: list[Any] = [draft.origin or "", draft.traceparent or "", receipt, MAX_RECENT]
        kept = [number for name in streams for number in retention_of(name)]
        try:
            numbered = self._append_script(keys=keys, args=[*arguments, "", *more, *kept])
        except (redis.ConnectionError, redis.TimeoutError):
            # It may have been done before the answer was lost.
            numbered = self._append_script(keys=keys, args=[*arguments, "again", *more, *kept])
        return [
            LoggedEvent.of(draft, streams[index], epoch, offset)
            for index, epoch, offset in numbered
        ]

    def _read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        found = self.positions(list(after))
        with self._redis.pipeline(transaction=True) as pipeline:
            for name, offset in after.items():
                pipeline.hmget(self._head(name), "epoch", "top")
                pipeline.xrange(self._key("events", name), min=f"({offset}-0", count=limit)
            answers = pipeline.execute()
        pages = {}
        for name, head, entries in zip(after, answers[::2], answers[1::2], strict=True):
            position = Position(head[0], int(head[1] or 0)) if head[0] else found[name]
            events = [_logged(name, position.epoch, *entry) for entry in entries]
            pages[name] = Page(position, events)
        return pages

    def _head(self, stream: str) -> str:
        return self._key("head", stream)

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))


def _logged(stream: str, epoch: str, entry: str, fields: Mapping[str, str]) -> LoggedEvent:
    parts = fields["id"], fields["name"], fields["data"], int(fields["at"])
    about = fields.get("exclude"), fields.get("origin"), fields.get("trace"), "receipt" in fields
    draft = Draft(*parts, None, *about)
    return LoggedEvent.of(draft, stream, epoch, int(entry.partition("-")[0]))


def _twice(ask: Callable[[], Any]) -> Any:
    """Ask again where the connection had ended since it was last used."""
    try:
        return ask()
    except redis.ConnectionError:
        return ask()
