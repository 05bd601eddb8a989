"""The event log in Redis Cluster: streams are spread over partitions, each of which is on one node.

A partition is a log of its own, in keys with one hash tag, so a script finds all of its keys in one
place. One publish to streams of several partitions is several appends.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisClusterException
from redis.retry import Retry

from realtime.eventlog.base import Addressed, EventLog, OnNumbered
from realtime.eventlog.commit import after_every_commit
from realtime.eventlog.composed import ComposedLog
from realtime.eventlog.redis import RedisEventLog
from realtime.eventlog.redis_clients import OPTIONS

__all__ = ["RedisClusterEventLog"]

Answer = TypeVar("Answer")

PARTITIONS = 16
"""More than a cluster has nodes that write, and few enough to ask all of them at each check."""

NOT_DONE = MovedError, AskError, ClusterDownError
"""After these errors nothing has been done."""

NODE_ERRORS = *NOT_DONE, redis.ConnectionError, redis.TimeoutError, RedisClusterException
"""After these errors the cluster is asked again which node has what."""


class RedisClusterEventLog(ComposedLog):
    """Keeps events in the cluster that a node at ``url`` belongs to.

    Keys begin with ``prefix`` and the number of one of the ``partitions``. With another number of
    these, streams are in other partitions, and begin a new epoch. Raises ``ImproperlyConfigured``
    where there is none.
    """

    def __init__(self, url: str, prefix: str = "realtime", partitions: int = PARTITIONS) -> None:
        if not isinstance(partitions, int) or partitions < 1:
            raise ImproperlyConfigured(f"A log has one partition or more, not {partitions!r}.")
        self._url = url
        self._tags = {str(number): f"{{{prefix}.{number}}}" for number in range(partitions)}
        self.names = list(self._tags)
        self._cluster: Any = None
        self._partitions: dict[str, _Partition] = {}
        """Those that were asked for, since the cluster said last which node has what."""

    def name_for(self, stream: str) -> str:
        return self.names[zlib.crc32(stream.encode()) % len(self.names)]

    def ask(self, name: str, question: Callable[[EventLog], Answer]) -> Answer:
        try:
            return self._ask_once(name, question)
        except NODE_ERRORS:
            return self._ask_once(name, question)

    def append_many(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        after_every_commit(lambda: self._append(events, on_numbered))

    def _append(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        for name, part in self.split(events).items():

            def append(log: EventLog, part: Sequence[Addressed] = part) -> None:
                log.append_many(part, on_numbered)

            try:
                self._ask_once(name, append)
            except NOT_DONE:
                self._ask_once(name, append)

    def _ask_once(self, name: str, question: Callable[[EventLog], Answer]) -> Answer:
        partition = self._partition(name)
        try:
            return question(partition)
        except MovedError as moved:
            self._follow(name, moved)
            raise
        except NODE_ERRORS:
            self._forget(partition)
            raise

    def _partition(self, name: str) -> _Partition:
        """Return a partition; threads that make one at the same moment do no harm."""
        partition = self._partitions.get(name)
        if partition is None:
            if self._cluster is None:
                retry = Retry(NoBackoff(), 0)
                self._cluster = RedisCluster.from_url(self._url, **OPTIONS, retry=retry)
            node = self._cluster.get_node_from_key(self._tags[name])
            partition = self._partitions[name] = self._on(node, name)
        return partition

    def _on(self, node: Any, name: str) -> _Partition:
        return _Partition(self._cluster.get_redis_connection(node), self._tags[name])

    def _follow(self, name: str, moved: MovedError) -> None:
        """Go to the node that the old one names: no other may know it yet."""
        partition = self._partitions.get(name)
        node = self._cluster.get_node(host=moved.host, port=moved.port)
        if node is not None:
            self._partitions[name] = self._on(node, name)
        elif partition is not None:
            self._forget(partition)

    def _forget(self, partition: _Partition) -> None:
        """Ask the cluster again, unless another thread has done so since."""
        if partition in self._partitions.values():
            self._partitions.clear()
            with contextlib.suppress(redis.RedisError, RedisClusterException):
                self._cluster.nodes_manager.initialize()


class _Partition(RedisEventLog):
    """The streams of one partition, on the node that has its keys."""

    appends_in_loop = False

    def __init__(self, client: Any, prefix: str) -> None:
        self._use(client, prefix)
