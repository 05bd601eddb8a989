"""Connects to a Redis by its URL, or to the one that Redis Sentinel names; asks again once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry as RetryInLoop
from redis.asyncio.sentinel import Sentinel as SentinelInLoop
from redis.backoff import NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

ANSWER_WITHIN = 2.0
"""Seconds that Redis may take to connect or to answer."""

OPTIONS: dict[str, Any] = {
    "decode_responses": True,
    "socket_timeout": ANSWER_WITHIN,
    "socket_connect_timeout": ANSWER_WITHIN,
}
"""What the connections of threads and of event loops have in common."""

CONNECTION_ERRORS = redis.ConnectionError, redis.TimeoutError
"""After these a command may have been carried out, and its answer lost."""


@dataclass(frozen=True)
class RedisClients:
    """Makes clients, which connect when they are used.

    With ``sentinels``, pairs of hosts and ports, the host in ``url`` is the name that these have
    for the master; ``sentinel_kwargs`` are redis-py's options for connections to them.
    """

    url: str
    sentinels: Sequence[tuple[str, int]] | None = None
    sentinel_kwargs: Mapping[str, Any] | None = None

    def for_threads(self) -> Any:
        """Return a client whose connections threads share."""
        return self._client(redis.Redis, Sentinel, Retry(NoBackoff(), 0))

    def for_loop(self) -> Any:
        """Return a client for one event loop."""
        return self._client(redis.asyncio.Redis, SentinelInLoop, RetryInLoop(NoBackoff(), 0))

    def _client(self, direct: Any, by_sentinel: Any, retry: Any) -> Any:
        if self.sentinels is None:
            return direct.from_url(self.url, **OPTIONS, retry=retry)
        sentinel_kwargs = {**OPTIONS, **(self.sentinel_kwargs or {})}
        options: dict[str, Any] = parse_url(self.url)  # type: ignore[no-untyped-call]
        name = options.pop("host", None)
        options.pop("port", None)
        if options.pop("connection_class", None) is SSLConnection:
            options["ssl"] = True  # It has a class of its own for the master.
        if not name:
            raise ImproperlyConfigured(
                "With sentinels, the host in url is the master's name, as in redis://main/0; "
                f"{self.url!r} has none."
            )
        if not self.sentinels or not all(map(_is_address, self.sentinels)):
            raise ImproperlyConfigured(
                "sentinels is a list of pairs of a host and a port, as in [('10.0.0.1', 26379)]; "
                f"{self.sentinels!r} is not."
            )
        sentinel = by_sentinel(self.sentinels, sentinel_kwargs=sentinel_kwargs)
        return sentinel.master_for(name, **{**OPTIONS, **options}, retry=retry)


def twice(ask: Callable[[], Any]) -> Any:
    """Ask again where the connection had ended since it was last used."""
    try:
        return ask()
    except redis.ConnectionError:
        return ask()


def _is_address(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2
