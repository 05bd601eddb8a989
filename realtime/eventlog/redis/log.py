"""The event log in Redis streams: for those whose events need not be committed with their data.

A stream's head and its events live as long as is kept after the last event. In Redis Cluster all
keys of a script are on one node: ``redis_cluster`` sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realtime.concurrency.per_loop import PerLoop
from realtime.eventlog.base import (
    Addressed,
    AfterNumbering,
    Draft,
    EventLog,
    LoggedEvent,
    OnNumbered,
    Page,
)
from realtime.eventlog.commit import after_every_commit
from realtime.eventlog.entries import PRUNING, LogEntry, Moved, Recent
from realtime.eventlog.redis import entries
from realtime.eventlog.redis.appending import LoopAppends, ThreadAppends
from realtime.eventlog.redis.heads import Heads
from realtime.eventlog.redis.keys import Keys
from realtime.eventlog.redis.leases import Leases
from realtime.eventlog.redis.retention import prune
from realtime.eventlog.redis_clients import RedisClients, twice
from realtime.eventlog.retention import default_retention
from realtime.protocol.position import Position


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
        self._in_loop = PerLoop(lambda: LoopAppends(clients.for_loop(), self._keys))
        self._use(clients.for_threads(), prefix)

    def _use(self, client: Any, prefix: str) -> None:
        self._redis = client
        self._keys = Keys(prefix)
        self._in_threads = ThreadAppends(client, self._keys)
        self._heads = Heads(client, self._keys)
        self._leases = Leases(client, self._keys)
        self._moved_script = client.register_script(entries.MOVED)

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        self.append_many([Addressed(streams, draft)], on_numbered)

    def append_many(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        after_every_commit(lambda: self._in_threads.commits.join(events, on_numbered))

    async def append_in_loop(
        self, events: Sequence[Addressed], on_numbered: AfterNumbering
    ) -> None:
        await self._in_loop.current().commits.join(events, on_numbered)

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        return self._heads.positions(streams)

    def read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        pages: dict[str, Page] = twice(lambda: self._read(after, limit))
        return pages

    def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        self._heads.new_epoch(stream, epoch, beyond)
        return self.positions([stream])[stream]

    def forget(self, stream: str) -> None:
        self._heads.forget(stream)

    def prune(self) -> int:
        return prune(self._redis, self._keys)

    def prune_in_turn(self, process: str, seconds: float) -> None:
        if self.take_lease(PRUNING, process, seconds) is not None:
            self.prune()

    def moved(self, cursor: str | None, limit: int) -> Moved:
        of_now = twice(lambda: entries.state(self._redis))
        state, _, entry = (cursor or "").rpartition("/")
        if state != of_now:
            entry = ""
        age = default_retention().max_age
        found: Moved = twice(
            lambda: entries.moved(self._moved_script, self._keys.recent, entry, limit, age)
        )
        return Moved(f"{of_now}/{found.cursor}", found.positions)

    def recent(self, cursor: str | None, limit: int = 1000) -> Recent:
        return entries.recent(self._redis, self._keys.recent, cursor, limit)

    def find(self, *, id: str | None = None, key: str | None = None) -> Sequence[LogEntry]:
        field, value = ("key", key) if id is None else ("id", id)
        if value is None:
            return ()
        return entries.find(self._redis, self._keys.recent, field, value)

    def between(self, stream: str, begin: float, end: float, limit: int) -> Sequence[LogEntry]:
        events, epoch = self._keys.events(stream), self.positions([stream])[stream].epoch
        return entries.between(self._redis, events, stream, epoch, begin, end, limit)

    def take_lease(self, task: str, process: str, seconds: float) -> str | None:
        return self._leases.take(task, process, seconds)

    def keep_lease(self, task: str, process: str, seconds: float, note: str) -> bool:
        return self._leases.keep(task, process, seconds, note)

    def _read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        found = self.positions(list(after))
        with self._redis.pipeline(transaction=True) as pipeline:
            for name, offset in after.items():
                pipeline.hmget(self._keys.head(name), "epoch", "top")
                pipeline.xrange(self._keys.events(name), min=f"({offset}-0", count=limit)
            answers = pipeline.execute()
        pages = {}
        for name, head, read in zip(after, answers[::2], answers[1::2], strict=True):
            position = Position(head[0], int(head[1] or 0)) if head[0] else found[name]
            events = [_logged(name, position.epoch, *entry) for entry in read]
            pages[name] = Page(position, events)
        return pages


def _logged(stream: str, epoch: str, entry: str, fields: Mapping[str, str]) -> LoggedEvent:
    parts = fields["id"], fields["name"], fields["data"], int(fields["at"])
    about = fields.get("exclude"), fields.get("origin"), fields.get("trace"), "receipt" in fields
    draft = Draft(*parts, None, *about)
    return LoggedEvent.of(draft, stream, epoch, int(entry.partition("-")[0]))
