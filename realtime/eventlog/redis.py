"""The event log in Redis streams: for those whose events need not be committed with their data.

One Lua script a publish gives the offsets and appends, so that nothing can come between. A
stream's head and its events live as long as is kept after the last event. In Redis Cluster all keys
of a script are on one node: ``redis_cluster`` sees to that.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import redis

from realtime.concurrency.group_commit import GroupCommit, GroupCommitInLoop
from realtime.concurrency.per_loop import PerLoop
from realtime.eventlog import redis_entries
from realtime.eventlog.base import (
    Addressed,
    AfterNumbering,
    Draft,
    EventLog,
    LoggedEvent,
    OnNumbered,
    Page,
    random_epoch,
)
from realtime.eventlog.commit import after_every_commit
from realtime.eventlog.entries import NOTE_FOR, PRUNING, LogEntry, Moved, Recent
from realtime.eventlog.redis_clients import RedisClients
from realtime.eventlog.redis_entries import MAX_RECENT, MOVED
from realtime.eventlog.retention import default_retention, retention_of
from realtime.protocol.position import Position

__all__ = ["RedisEventLog"]

PATIENCE = 10.0
"""Seconds after which a publisher no longer waits for the thread that appends for it.

Longer than an append can take, with its repetition: both connect, send and load the script.
"""

CONNECTION_ERRORS = redis.ConnectionError, redis.TimeoutError
"""After these an append may have been done, and its answer lost."""

UNUSED_AGE = 3600
"""Seconds for which the head of a stream without events is kept after it was last asked for.

As long as somebody follows the stream, it is asked for. One who makes up names can't fill Redis.
"""

APPEND = """
local epoch, again, max_recent = unpack(ARGV, 1, 3)
local time = redis.call('TIME')
local fraction = string.format('0.%06d', time[2])
local numbered = {}

local function optional(fields)
    local given = {}
    for field, value in pairs(fields) do
        if value ~= '' then
            given[#given + 1] = field
            given[#given + 1] = value
        end
    end
    return given
end

-- In a stream, an event is looked for among as many as were published meanwhile at most.
local function found_in(events, ids)
    local places = {}
    for _, entry in ipairs(redis.call('XREVRANGE', events, '+', '-', 'COUNT', 100 + #KEYS)) do
        if ids[entry[2][2]] then places[entry[2][2]] = string.match(entry[1], '^%d+') end
    end
    return places
end

-- Returns what an earlier attempt has appended, which was all or nothing.
local function appended()
    local ids, events_of, at, place = {}, {}, 4, 2
    while at < #ARGV do
        ids[ARGV[at]] = true
        at = at + 10 + 2 * ARGV[at + 9]
    end
    at = 4
    while at < #ARGV do
        for _ = 1, ARGV[at + 9] do
            local events = KEYS[place + 1]
            events_of[events] = events_of[events] or found_in(events, ids)
            local offset = events_of[events][ARGV[at]]
            if offset then
                local current = redis.call('HGET', KEYS[place], 'epoch')
                numbered[#numbered + 1] = {(place - 2) / 3, current, tonumber(offset)}
            end
            place = place + 3
        end
        at = at + 10 + 2 * ARGV[at + 9]
    end
    return #numbered > 0
end

local function append(at, place)
    local id, name, data, published, key, exclude, origin, trace, receipt, streams =
        unpack(ARGV, at, at + 9)
    local about = optional({exclude = exclude, origin = origin, trace = trace, receipt = receipt})
    local places, oldest = {}, 0
    for i = 1, streams do
        local head, events, keyed = unpack(KEYS, place, place + 2)
        local count, age = unpack(ARGV, at + 8 + 2 * i, at + 9 + 2 * i)
        if key == '' or redis.call('SET', keyed, id, 'NX', 'EX', age) then
            redis.call('HSETNX', head, 'epoch', epoch)
            local offset = redis.call('HINCRBY', head, 'top', 1)
            if offset == 1 then redis.call('DEL', events) end -- of an epoch whose head was evicted
            redis.call('XADD', events, 'MAXLEN', count, offset .. '-0', 'id', id, 'name', name,
                       'data', data, 'at', published, 'logged', time[1], 'fraction', fraction,
                       unpack(about))
            redis.call('EXPIRE', head, age)
            redis.call('EXPIRE', events, age)
            local current = redis.call('HGET', head, 'epoch')
            numbered[#numbered + 1] = {(place - 2) / 3, current, offset}
            places[#places + 1] = string.match(head, '[^:]*$') .. ' ' .. current .. ' ' .. offset
            oldest = math.max(oldest, tonumber(age))
        end
        place = place + 3
    end
    if #places > 0 then
        if key ~= '' then
            about[#about + 1] = 'key'
            about[#about + 1] = key
        end
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', max_recent, '*', 'id', id, 'name', name,
                   'at', published, 'places', table.concat(places, '\\n'), unpack(about))
        redis.call('EXPIRE', KEYS[1], oldest)
    end
    return place
end

if again ~= '' and appended() then return numbered end
local at, place = 4, 2
while at < #ARGV do
    place = append(at, place)
    at = at + 10 + 2 * ARGV[at + 9]
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
    """Keeps events in the Redis at ``url``, in keys that begin with ``prefix``.

    ``sentinels`` and ``sentinel_kwargs`` are those of ``RedisClients``.
    """

    appends_in_loop = True

    def __init__(
        self,
        url: str,
        prefix: str = "realtime",
        *,
        sentinels: Sequence[tuple[str, int]] | None = None,
        sentinel_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        clients = RedisClients(url, sentinels, sentinel_kwargs)
        self._in_loop = PerLoop(lambda: _InLoop(clients, self._append_request))
        self._use(clients.for_threads(), prefix)

    def _use(self, client: Any, prefix: str) -> None:
        self._prefix = prefix
        self._redis = client
        self._commits = GroupCommit(self._append_together, redis.ResponseError, PATIENCE)
        self._append_script = self._redis.register_script(APPEND)
        self._positions_script = self._redis.register_script(POSITIONS)
        self._new_epoch_script = self._redis.register_script(NEW_EPOCH)
        self._forget_script = self._redis.register_script(FORGET)
        self._moved_script = self._redis.register_script(MOVED)
        self._take_lease_script = self._redis.register_script(TAKE_LEASE)
        self._keep_lease_script = self._redis.register_script(KEEP_LEASE)

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        self.append_many([Addressed(streams, draft)], on_numbered)

    def append_many(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        after_every_commit(lambda: self._commits.join(events, on_numbered))

    async def append_in_loop(
        self, events: Sequence[Addressed], on_numbered: AfterNumbering
    ) -> None:
        await self._in_loop.current().commits.join(events, on_numbered)

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

    def prune_in_turn(self, process: str, seconds: float) -> None:
        if self.take_lease(PRUNING, process, seconds) is not None:
            self.prune()

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

    def _append_together(
        self, appends: Sequence[Sequence[Addressed]], again: bool
    ) -> list[LoggedEvent]:
        events = list(chain(*appends))
        request = self._append_request(events)
        try:
            numbered = self._append_script(**request(again))
        except CONNECTION_ERRORS:
            numbered = self._append_script(**request(True))
        return _numbered(events, numbered)

    def _append_request(self, events: Sequence[Addressed]) -> Callable[[bool], dict[str, Any]]:
        """Return a function that returns the arguments of the script.

        They differ if it may have been done already, and the answer was lost.
        """
        keys, args = [self._key("recent")], []
        for streams, draft in events:
            for name in streams:
                keys += [self._head(name), self._key("events", name)]
                keys.append(self._key("key", name, draft.key or ""))
            args += [draft.id, draft.name, draft.data, draft.at, draft.key or ""]
            args += [draft.exclude or "", draft.origin or "", draft.traceparent or ""]
            args += ["1" if draft.wants_receipt else "", len(streams)]
            args += [number for name in streams for number in retention_of(name)]
        epoch = random_epoch()
        return lambda again: {
            "keys": keys,
            "args": [epoch, "again" if again else "", MAX_RECENT, *args],
        }

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


class _InLoop:
    """What one event loop appends with: a client of its own, which is closed with the loop."""

    def __init__(
        self,
        clients: RedisClients,
        request: Callable[[Sequence[Addressed]], Callable[[bool], dict[str, Any]]],
    ) -> None:
        self._redis = clients.for_loop()
        self._script = self._redis.register_script(APPEND)
        self._request = request
        self._closing: AsyncGenerator[None] | None = None
        self.commits = GroupCommitInLoop(self._append_together, redis.ResponseError)

    async def _append_together(
        self, appends: Sequence[Sequence[Addressed]], again: bool
    ) -> list[LoggedEvent]:
        if self._closing is None:
            self._closing = self._close_with_loop()
            await anext(self._closing)
        events = list(chain(*appends))
        request = self._request(events)
        try:
            numbered = await self._script(**request(again))
        except CONNECTION_ERRORS:
            numbered = await self._script(**request(True))
        return _numbered(events, numbered)

    async def _close_with_loop(self) -> AsyncGenerator[None]:
        """Close the client when the loop ends its generators, as ``asyncio.run`` has it do."""
        try:
            yield
        finally:
            await self._redis.aclose()


def _numbered(
    events: Sequence[Addressed], numbered: Sequence[tuple[int, str, int]]
) -> list[LoggedEvent]:
    """Return the events that the script has given offsets, by their place in the list."""
    places = [(name, draft) for streams, draft in events for name in streams]
    return [
        LoggedEvent.of(places[index][1], places[index][0], epoch, offset)
        for index, epoch, offset in numbered
    ]


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
