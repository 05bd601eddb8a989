"""The backend in Redis: for those who need no transaction around what signals do.

Redis Cluster is not supported: the scripts compute the names of keys. Redis is to keep all keys
(``maxmemory-policy noeviction``); what it loses, processes write again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from realtime.conf import realtime_settings
from realtime.eventlog.redis_clients import RedisClients, twice
from realtime.roster.base import (
    LOCK_LEASE,
    Announce,
    Holder,
    Leave,
    Member,
    Notice,
    OpenSocket,
    PresenceBackend,
    Present,
    Swept,
    new_id,
)
from realtime.roster.redis import changes, locks, notices, reading
from realtime.roster.redis.common import COMMON

BATCH = 500
"""Members that one script writes, and users that one settles: some ten milliseconds."""

PENDING = 1000
"""Subjects whose first notice is found together."""

CLAIM = 60
"""Seconds after which a notice is announced again, if the process that began with it was killed."""


class RedisPresence(PresenceBackend):
    """Keeps who is there in the Redis at ``url``, in keys that begin with ``prefix``.

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
        self._keys = [f"{prefix}:presence:"]
        self._redis = RedisClients(url, sentinels, sentinel_kwargs).for_threads()
        self._scripts: dict[str, Any] = {}

    def write(
        self, process: str, lease: float, joins: Sequence[Member], leaves: Sequence[Leave]
    ) -> bool:
        came = [
            [one.socket, one.stream, one.user, str(one.since), _stored(json.loads(one.meta))]
            for one in joins
        ]
        gone = [[one.socket, one.stream, one.user, _ms(grace)] for one, grace in leaves]
        batches: list[tuple[list[Any], list[Any]]] = [([], part) for part in _batches(gone)]
        batches += [(part, []) for part in _batches(came)]
        return all(
            self._run(changes.WRITE, process, _ms(lease), json.dumps(batch), json.dumps(left))
            for batch, left in batches or [([], [])]
        )

    def replace(self, process: str, lease: float, members: Sequence[Member], grace: float) -> None:
        found = self._run(changes.REGISTER, process, _ms(lease))
        known = {_member(*pair) for pair in zip(found[::2], found[1::2], strict=True)}
        gone = [Leave(member, grace) for member in known - set(members)]
        if not self.write(process, lease, members, gone):
            self.replace(process, lease, members, grace)

    def sweep(self, grace: float, notice_users: bool) -> Swept:
        self._run(changes.TAKE_OVER, _ms(grace))
        while True:
            seed = new_id()[:24]
            arguments = int(notice_users), seed, BATCH
            has_notices, has_more, due = self._run(changes.SETTLE, *arguments)
            if not has_more:
                return Swept(bool(has_notices), int(due) / 1000 if due else None)

    def pending(self) -> Sequence[str]:
        ids: list[str] = self._run(notices.PENDING, PENDING)
        return ids

    def deliver(self, notice: str, announce: Announce) -> bool:
        content = self._run(notices.CLAIM, notice, CLAIM)
        if content is None:
            return False
        try:
            announce(Notice(**json.loads(content)))
        except BaseException:
            self._redis.zrem(f"{self._keys[0]}claims", notice)
            raise
        self._run(notices.DONE, notice)
        return True

    def present(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        return self._read(reading.PRESENT, streams, _grace())

    def listed(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        return self._read(reading.LISTED, streams)

    def attending(self, stream: str, users: Sequence[str]) -> set[str]:
        return set(self._run(reading.ATTENDING, stream, _grace(), *users))

    def sockets_of(self, users: Sequence[str]) -> dict[str, list[OpenSocket]]:
        found = self._run(reading.SOCKETS_OF, *users)
        return {user: _open_sockets(rows) for user, rows in zip(users, found, strict=True)}

    def update(self, stream: str, user: str, meta: dict[str, Any]) -> str | None:
        notice = new_id()
        changed = self._run(changes.UPDATE, stream, user, _stored(meta), notice)
        return notice if changed else None

    def lock(self, name: str, holder: Holder) -> bool:
        return bool(self._run(locks.LOCK, name, _text(holder), _ms(LOCK_LEASE), _grace()))

    def unlock(self, name: str, holder: Holder) -> bool:
        return bool(self._run(locks.UNLOCK, name, _text(holder)))

    def holders(self, names: Sequence[str]) -> dict[str, Holder]:
        return {
            name: Holder(owner or None, id) if kind == "s" else Holder(id)
            for name, kind, id, owner in self._run(locks.HOLDERS, _grace(), *names)
        }

    def _read(
        self, script: str, streams: Sequence[str], *arguments: int
    ) -> dict[str, list[Present]]:
        found = self._run(script, *arguments, *streams)
        return {
            name: sorted((_present(*row) for row in rows), key=lambda one: (one.since, one.user))
            for name, rows in zip(streams, found, strict=True)
        }

    def _run(self, script: str, *arguments: Any) -> Any:
        if script not in self._scripts:
            self._scripts[script] = self._redis.register_script(COMMON + script)
        return twice(lambda: self._scripts[script](keys=self._keys, args=arguments))


def _batches(rows: list[Any]) -> list[list[Any]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def _stored(meta: dict[str, Any]) -> str:
    """Return the same text for the same object."""
    return json.dumps(meta, sort_keys=True)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _grace() -> int:
    return _ms(realtime_settings().OFFLINE_AFTER)


def _text(holder: Holder) -> str:
    return f"u/{holder.user}" if holder.socket is None else f"s/{holder.socket}"


def _member(where: str, who: str) -> Member:
    socket, _, stream = where.partition("/")
    since, _, user = who.partition("/")
    return Member(socket, stream, user, int(since))


def _present(user: str, since: str, meta: str, *sockets: str) -> Present:
    opened = tuple(one.socket for one in _open_sockets(sockets))
    at = datetime.fromtimestamp(int(since) / 1000, UTC)
    return Present(user, json.loads(meta), at, opened)


def _open_sockets(rows: Sequence[str]) -> list[OpenSocket]:
    pairs = (row.partition("/") for row in rows)
    return sorted(OpenSocket(int(since), socket) for since, _, socket in pairs)
