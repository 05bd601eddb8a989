"""Where each stream is: its epoch and the offset of its newest event, in a hash that expires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realtime.eventlog.base import random_epoch
from realtime.eventlog.redis.keys import Keys
from realtime.eventlog.redis_clients import twice
from realtime.eventlog.retention import retention_of
from realtime.protocol.position import Position

UNUSED_AGE = 3600
"""Seconds for which the head of a stream without events is kept after it was last asked for.

As long as somebody follows the stream, it is asked for. One who makes up names can't fill Redis.
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


class Heads:
    """The positions of one log's streams; see ``EventLog``."""

    def __init__(self, client: Any, keys: Keys) -> None:
        self._redis = client
        self._keys = keys
        self._positions = client.register_script(POSITIONS)
        self._new_epoch = client.register_script(NEW_EPOCH)
        self._forget = client.register_script(FORGET)

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        """Return where the streams are; one that was never asked for begins an epoch."""
        heads = [self._keys.head(name) for name in streams]
        ages = [retention_of(name).max_age for name in streams]
        args: list[str | int] = [random_epoch(), UNUSED_AGE, *ages]
        found = twice(lambda: self._positions(keys=heads, args=args))
        return {
            name: Position(epoch, int(top))
            for name, (epoch, top) in zip(streams, found, strict=True)
        }

    def new_epoch(self, stream: str, epoch: str, beyond: int | None) -> None:
        """Begin a new epoch, unless another than ``epoch`` has begun, or ``beyond`` is reached."""
        limit = "" if beyond is None else beyond
        keys = [self._keys.recent, self._keys.head(stream)]
        about: list[str | int] = [stream, retention_of(stream).max_age]
        self._new_epoch(keys=keys, args=[*about, epoch, random_epoch(), limit])

    def forget(self, stream: str) -> None:
        """Remove a stream's events and their keys, in a new epoch."""
        keys = [self._keys.recent, self._keys.head(stream), self._keys.events(stream)]
        about: list[str | int] = [stream, retention_of(stream).max_age]
        if self._forget(keys=keys, args=[*about, random_epoch()]):
            for key in self._redis.scan_iter(self._keys.published(stream, "*"), count=1000):
                self._redis.delete(key)
