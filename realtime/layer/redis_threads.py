"""Publishes to Redis from threads, or gevent's greenlets, over connections that redis-py opens.

Running an event loop for each message takes twice as long (docs/performance.md).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from weakref import WeakSet

from redis import ConnectionPool, connection
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

ANSWER_WITHIN = 2.0
"""Seconds that Redis may take to connect or to answer, unless the host's options name others."""

FRESH_FOR = 1.0
"""Seconds after its last use for which a connection is taken for alive, and used unchecked."""


class ThreadsPublisher:
    """Publishes to one host of a channel layer; ``host`` has the options of channels_redis.

    There are as many connections as threads have ever published at the same moment. redis-py's pool
    hands one out and takes it back in 12 microseconds, the list here in less than one.
    """

    def __init__(self, host: Mapping[str, Any]) -> None:
        self._host = host
        self._unused: list[tuple[Any, float]] = []
        """Connections, and when they were used last."""
        _all.add(self)

    def publish(self, channel: str, message: bytes) -> None:
        """Return when Redis has the message, which is sent once; raises redis-py's errors."""
        taken = self._take()
        try:
            taken.send_command("PUBLISH", channel, message)
            taken.read_response()
        except BaseException:
            self._drop(taken)
            raise
        self._unused.append((taken, time.monotonic()))

    def begin_as_child(self) -> None:
        """Forget the connections, which are those of the process that was forked."""
        self._unused = []

    def _take(self) -> Any:
        """Return a connection that nobody uses, and that Redis has not closed."""
        while True:
            try:
                unused, used_at = self._unused.pop()  # One step, so that no thread gets it too.
            except IndexError:
                return self._pool.get_connection()
            if time.monotonic() - used_at < FRESH_FOR or not _has_ended(unused):
                return unused
            self._drop(unused)

    def _drop(self, ended: Any) -> None:
        ended.disconnect()
        self._pool.release(ended)

    @cached_property
    def _pool(self) -> Any:
        options: dict[str, Any] = {
            "socket_timeout": ANSWER_WITHIN,
            "socket_connect_timeout": ANSWER_WITHIN,
            **self._host,
            "retry": Retry(NoBackoff(), 0),
        }
        options.pop("max_connections", None)  # It would have a publish fail, not wait.
        if (kind := options.get("connection_class")) is not None:  # It is one for event loops.
            options["connection_class"] = getattr(connection, kind.__name__)
        if (address := options.pop("address", None)) is not None:
            return ConnectionPool.from_url(address, **options)
        if (master := options.pop("master_name", None)) is None:
            return ConnectionPool(**options)
        find: Any = Sentinel
        sentinel = find(
            options.pop("sentinels"), sentinel_kwargs=options.pop("sentinel_kwargs", None)
        )
        return SentinelConnectionPool(master, sentinel, **options)  # type: ignore[no-untyped-call]


def _has_ended(unused: Any) -> bool:
    """Nothing is to be read from a connection that is alive, since each answer was read."""
    try:
        return bool(unused.can_read(timeout=0))
    except (OSError, RedisError):
        return True


_all: WeakSet[ThreadsPublisher] = WeakSet()


def _begin_as_child() -> None:
    for one in list(_all):
        one.begin_as_child()


if hasattr(os, "register_at_fork"):  # Windows has no forks.
    os.register_at_fork(after_in_child=_begin_as_child)
