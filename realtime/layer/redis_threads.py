"""Publishes to Redis from threads, or gevent's greenlets, over connections that redis-py opens.

Running an event loop for each message takes twice as long (docs/performance.md).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from redis import ConnectionPool, connection, sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

ANSWER_WITHIN = 2.0
"""Seconds that Redis may take to connect or to answer, unless the host's options name others."""

FRESH_FOR = 1.0
"""Seconds after its last use for which a connection is taken for alive, and used unchecked."""

KEEP_FOR = 60.0
"""Seconds after which a connection that has not been used since is closed."""


class ThreadsPublisher:
    """Publishes to one host of a channel layer; ``host`` has the options of channels_redis.

    There are as many connections as threads have lately published at the same moment. redis-py's
    pool hands one out and takes it back in 12 microseconds, the list here in less than one.
    """

    def __init__(self, host: Mapping[str, Any]) -> None:
        self._host = host
        self._unused: list[tuple[Any, float]] = []
        """Connections, and when they were used last."""
        self._failed_at = 0.0
        self._pool: Any = None
        _all.add(self)

    def publish(self, channel: str, message: bytes) -> None:
        """Return when Redis has the message, which is sent once; raises redis-py's errors."""
        taken = self._take()
        try:
            taken.send_command("PUBLISH", channel, message)
            taken.read_response()
        except BaseException:
            self._failed_at = time.monotonic()  # What ended this one may have ended all.
            self._drop(taken)
            raise
        self._give_back(taken, time.monotonic())

    def begin_as_child(self) -> None:
        """Forget the connections of the process that was forked, and locks that its threads had."""
        self._unused, self._pool = [], None

    def _take(self) -> Any:
        """Return a connection that nobody uses, and that Redis has not closed."""
        while True:
            try:
                unused, used_at = self._unused.pop()  # One step, so that no thread gets it too.
            except IndexError:
                self._pool = self._pool or _pool_of(self._host)
                return self._pool.get_connection()
            is_fresh = used_at > max(self._failed_at, time.monotonic() - FRESH_FOR)
            if is_fresh or not _has_ended(unused):
                return unused
            self._drop(unused)

    def _give_back(self, taken: Any, now: float) -> None:
        self._unused.append((taken, now))
        with suppress(IndexError):  # Other threads may have taken all.
            if now - self._unused[0][1] > KEEP_FOR:
                self._drop(self._unused.pop(0)[0])

    def _drop(self, ended: Any) -> None:
        ended.disconnect()
        self._pool.release(ended)


def _pool_of(host: Mapping[str, Any]) -> Any:
    options = _limited(host)
    if (kind := options.get("connection_class")) is not None:
        options["connection_class"] = _for_threads(kind)
    if (address := options.pop("address", None)) is not None:
        pool: Any = ConnectionPool.from_url(address, **options)
    elif (master := options.pop("master_name", None)) is None:
        pool = ConnectionPool(**options)
    else:
        asked = _limited(options.pop("sentinel_kwargs", None) or {})
        find: Any = Sentinel
        found = find(options.pop("sentinels"), sentinel_kwargs=asked)
        pool = SentinelConnectionPool(master, found, **options)  # type: ignore[no-untyped-call]
    pool.max_connections = sys.maxsize  # A limit would have a publish fail, not wait.
    return pool


def _limited(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with which nothing is waited for longer than ``ANSWER_WITHIN``."""
    limits = {"socket_timeout": ANSWER_WITHIN, "socket_connect_timeout": ANSWER_WITHIN}
    return {**limits, **options, "retry": Retry(NoBackoff(), 0)}


def _for_threads(kind: type) -> Any:
    """Return redis-py's class for threads that is called like one for event loops, or its base."""
    known = {**vars(connection), **vars(sentinel)}
    return next(known[one.__name__] for one in kind.__mro__ if one.__name__ in known)


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
