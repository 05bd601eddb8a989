"""Appends: one Lua script gives the offsets and writes, so that nothing can come between."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import chain
from typing import Any

import redis

from realtime.concurrency.group_commit import GroupCommit, GroupCommitInLoop
from realtime.eventlog.base import Addressed, LoggedEvent, random_epoch
from realtime.eventlog.redis.entries import MAX_RECENT
from realtime.eventlog.redis.keys import Keys
from realtime.eventlog.redis_clients import CONNECTION_ERRORS
from realtime.eventlog.retention import retention_of

PATIENCE = 10.0
"""Seconds after which a publisher no longer waits for the thread that appends for it.

Longer than an append can take, with its repetition: both connect, send and load the script.
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

Request = Callable[[bool], dict[str, Any]]
"""Returns the arguments of the script: others if an append may have been done already."""


class ThreadAppends:
    """What threads append with: a client that they share."""

    def __init__(self, client: Any, keys: Keys) -> None:
        self._keys = keys
        self._script = client.register_script(APPEND)
        self.commits = GroupCommit(self._append_together, redis.ResponseError, PATIENCE)

    def _append_together(
        self, appends: Sequence[Sequence[Addressed]], again: bool
    ) -> list[LoggedEvent]:
        events = list(chain(*appends))
        request = _request(self._keys, events)
        try:
            numbered = self._script(**request(again))
        except CONNECTION_ERRORS:
            numbered = self._script(**request(True))
        return _numbered(events, numbered)


class LoopAppends:
    """What one event loop appends with: a client of its own, which is closed with the loop."""

    def __init__(self, client: Any, keys: Keys) -> None:
        self._redis = client
        self._keys = keys
        self._script = client.register_script(APPEND)
        self._closing: AsyncGenerator[None] | None = None
        self.commits = GroupCommitInLoop(self._append_together, redis.ResponseError)

    async def _append_together(
        self, appends: Sequence[Sequence[Addressed]], again: bool
    ) -> list[LoggedEvent]:
        if self._closing is None:
            self._closing = self._close_with_loop()
            await anext(self._closing)
        events = list(chain(*appends))
        request = _request(self._keys, events)
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


def _request(keys: Keys, events: Sequence[Addressed]) -> Request:
    names, args = [keys.recent], []
    for streams, draft in events:
        for name in streams:
            names += [keys.head(name), keys.events(name), keys.published(name, draft.key or "")]
        args += [draft.id, draft.name, draft.data, draft.at, draft.key or ""]
        args += [draft.exclude or "", draft.origin or "", draft.traceparent or ""]
        args += ["1" if draft.wants_receipt else "", len(streams)]
        args += [number for name in streams for number in retention_of(name)]
    epoch = random_epoch()
    return lambda again: {
        "keys": names,
        "args": [epoch, "again" if again else "", MAX_RECENT, *args],
    }


def _numbered(
    events: Sequence[Addressed], numbered: Sequence[tuple[int, str, int]]
) -> list[LoggedEvent]:
    """Return the events that the script has given offsets, by their place in the list."""
    places = [(name, draft) for streams, draft in events for name in streams]
    return [
        LoggedEvent.of(places[index][1], places[index][0], epoch, offset)
        for index, epoch, offset in numbered
    ]
