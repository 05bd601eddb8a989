"""The backend in Redis.

Redis Cluster is not supported: the scripts compute the names of keys.

- ``processes``: until when each has its lease. ``process:<id>``: what it is.
- ``life:<socket>``, ``followings:<socket>``: what is known of a socket, and of its streams.
- ``stream:<name>``, ``user:<name>``: their sockets, by when they ended. ``open``, ``ended``: all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from realtime.conf import realtime_settings
from realtime.eventlog.redis_clients import RedisClients, twice
from realtime.recorder.base import Life, Process, RecorderBackend
from realtime.recorder.reading import as_of, follows, overlaps
from realtime.recorder.wire import following_to_json, life_from_json, life_to_json

__all__ = ["RedisRecorder"]

BATCH = 500
"""Lives that are read together."""

LONGER = 2
"""Times the age after which indexes expire that nobody has written to."""

WRITE = """
local process, about, lease, age, lives = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local longer = math.ceil(age * tonumber(ARGV[6]))
redis.call('ZADD', P .. 'processes', string.format('%.0f', now + lease), process)
redis.call('HSETNX', P .. 'process:' .. process, 'about', about)
redis.call('EXPIRE', P .. 'process:' .. process, longer)
for _, one in ipairs(cjson.decode(lives)) do
    local socket, user, ended, life, followings = unpack(one)
    local key, of = P .. 'life:' .. socket, P .. 'followings:' .. socket
    local is_over = redis.call('ZSCORE', P .. 'ended', socket)
    if ended ~= '' or not is_over then
        local by = ended == '' and '+inf' or ended
        for field, following in pairs(followings) do redis.call('HSET', of, field, following) end
        for _, field in ipairs(redis.call('HKEYS', of)) do
            local index = P .. 'stream:' .. string.match(field, '^[^/]*')
            redis.call('ZADD', index, by, socket)
            redis.call('EXPIRE', index, longer)
        end
        redis.call('SET', key, life)
        redis.call('ZADD', P .. 'user:' .. user, by, socket)
        redis.call('EXPIRE', P .. 'user:' .. user, longer)
        if ended == '' then
            redis.call('ZADD', P .. 'open', 0, socket)
        else
            redis.call('ZREM', P .. 'open', socket)
            redis.call('ZADD', P .. 'ended', ended, socket)
            redis.call('EXPIRE', key, longer)
            redis.call('EXPIRE', of, longer)
        end
    end
end
"""

FORGET = """
for _, socket in ipairs(ARGV) do
    local life = redis.call('GET', P .. 'life:' .. socket)
    if life then
        local user = cjson.decode(life).user
        redis.call('ZREM', P .. 'user:' .. (user == cjson.null and '' or user), socket)
    end
    for _, field in ipairs(redis.call('HKEYS', P .. 'followings:' .. socket)) do
        redis.call('ZREM', P .. 'stream:' .. string.match(field, '^[^/]*'), socket)
    end
    redis.call('DEL', P .. 'life:' .. socket, P .. 'followings:' .. socket)
    redis.call('ZREM', P .. 'open', socket)
    redis.call('ZREM', P .. 'ended', socket)
end
"""


class RedisRecorder(RecorderBackend):
    """Keeps lives in the Redis at ``url``, in keys that begin with ``prefix``.

    ``sentinels`` and ``sentinel_kwargs`` are those of ``RedisClients``.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "realtime",
        *,
        sentinels: Sequence[tuple[str, int]] | None = None,
        sentinel_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self._prefix = f"{prefix}:recorder:"
        self._redis = RedisClients(url, sentinels, sentinel_kwargs).for_threads()
        self._write_script = self._script(WRITE)
        self._forget_script = self._script(FORGET)

    def write(
        self, process: Process, lease: float, opened: Sequence[Life], ended: Sequence[Life]
    ) -> None:
        lives = json.dumps([_stored(life) for life in (*opened, *ended)])
        about = process.id, json.dumps(asdict(process)), round(lease * 1000)
        age = realtime_settings().RECORD_AGE
        self._run(self._write_script, *about, age, lives, LONGER)

    def stop(self, process: str) -> None:
        self._redis.hset(self._key("process", process), "ended_at", time.time())

    def processes(self, since: float) -> Sequence[Process]:
        known = self._known().values()
        return [one for one in known if one.ended_at is None or one.ended_at >= since]

    def followers(self, stream: str, begin: float, end: float) -> Sequence[Life]:
        lives = self._indexed("stream", stream, begin)
        return [one for life in lives if (one := follows(life, stream, begin, end)) is not None]

    def lives_of(self, user: str, begin: float, end: float) -> Sequence[Life]:
        lives = self._indexed("user", user, begin)
        return [life for life in lives if overlaps(life, begin, end)]

    def open_lives(self, after: str, limit: int) -> Sequence[Life]:
        found: list[Life] = []
        while len(found) < limit:
            begin = f"({after}" if after else "-"
            page = self._redis.zrangebylex(self._key("open"), begin, "+", start=0, num=BATCH)
            if not page:
                break
            found += [life for life in self._lives(page) if life.ended_at is None]
            after = page[-1]
        return found[:limit]

    def prune(self, age: float) -> int:
        oldest = time.time() - age
        key = self._key("ended")
        removed = 0
        while old := self._redis.zrangebyscore(key, "-inf", f"({_ms(oldest)}", 0, BATCH):
            self._run(self._forget_script, *old)
            removed += len(old)
        gone = [one for one in self._lives(self._all_open()) if _is_older(one.ended_at, oldest)]
        if gone:
            self._run(self._forget_script, *(life.socket for life in gone))
        for process in self._known().values():
            if _is_older(process.ended_at, oldest):
                self._redis.delete(self._key("process", process.id))
                self._redis.zrem(self._key("processes"), process.id)
        return removed + len(gone)

    def _all_open(self) -> list[str]:
        sockets: list[str] = self._redis.zrange(self._key("open"), 0, -1)
        return sockets

    def _indexed(self, kind: str, name: str, begin: float) -> list[Life]:
        return self._lives(self._redis.zrangebyscore(self._key(kind, name), _ms(begin), "+inf"))

    def _lives(self, sockets: Sequence[str]) -> list[Life]:
        """Return those lives that are there, in the order of their sockets."""
        found: list[Life] = []
        processes = self._known() if sockets else {}
        for page in _pages(sorted(sockets)):
            with self._redis.pipeline(transaction=False) as pipeline:
                for socket in page:
                    pipeline.get(self._key("life", socket))
                    pipeline.hvals(self._key("followings", socket))
                answers = pipeline.execute()
            lives = [_life(*pair) for pair in zip(answers[::2], answers[1::2], strict=True)]
            found += [as_of(one, processes.get(one.process)) for one in lives if one is not None]
        return found

    def _known(self) -> dict[str, Process]:
        leases = self._redis.zrange(self._key("processes"), 0, -1, withscores=True)
        seconds, microseconds = self._redis.time()
        now = seconds + microseconds / 1e6
        with self._redis.pipeline(transaction=False) as pipeline:
            for process, _ in leases:
                pipeline.hgetall(self._key("process", process))
            answers = pipeline.execute()
        pairs = zip(leases, answers, strict=True)
        known = [_process(fields, until / 1000, now) for (_, until), fields in pairs if fields]
        return {process.id: process for process in known}

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    def _script(self, text: str) -> Any:
        return self._redis.register_script(f"local P = KEYS[1]\n{text}")

    def _run(self, script: Any, *arguments: Any) -> None:
        twice(lambda: script(keys=[self._prefix], args=arguments))


def _stored(life: Life) -> list[Any]:
    ended = "" if life.ended_at is None else str(_ms(life.ended_at))
    alone = json.dumps(life_to_json(replace(life, followings=())))
    followings = {
        f"{one.stream}/{_ms(one.since)}": json.dumps(following_to_json(one))
        for one in life.followings
    }
    return [life.socket, life.user or "", ended, alone, followings]


def _life(text: str | None, followings: Iterable[str]) -> Life | None:
    if text is None:
        return None
    found = sorted((json.loads(one) for one in followings), key=lambda one: one["since"])
    return life_from_json({**json.loads(text), "followings": found})


def _process(fields: dict[str, str], lease_until: float, now: float) -> Process:
    process = Process(**json.loads(fields["about"]))
    if "ended_at" in fields:
        return replace(process, ended_at=float(fields["ended_at"]))
    if lease_until < now:
        return replace(process, ended_at=lease_until, has_died=True)
    return process


def _pages(sockets: Sequence[str]) -> Iterable[Sequence[str]]:
    return (sockets[start : start + BATCH] for start in range(0, len(sockets), BATCH))


def _is_older(ended_at: float | None, oldest: float) -> bool:
    return ended_at is not None and ended_at < oldest


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
