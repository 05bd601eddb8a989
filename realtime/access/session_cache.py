"""Reads sessions from a cache, and doubts it where it may have lost them.

A cache that can't be reached may look like an empty one, and one that was emptied has lost the
sessions of all users together.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.cache import caches

PROBE_KEY = f"realtime.probe.{uuid.uuid4().hex}"
"""This process's own value in the cache: where it is gone, others may be."""

PROBE_AGE = 600.0
"""Seconds for which the cache is asked to keep the probe."""

DOUBT = 300.0
"""Seconds after a loss in which a missing session is no proof that it has ended."""


class ProbedCache:
    """Tells a session that has ended from a cache that has lost it."""

    def __init__(self) -> None:
        self._probe_set_at: float | None = None
        self._doubt_until = 0.0

    def read(self, cache: Any, keys: Collection[str], now: float) -> dict[str, Any]:
        """Return what the cache has; the error in place of what it may have lost.

        ``now`` is in seconds. Raises what the cache raises.
        """
        if self._probe_set_at is None or now - self._probe_set_at > PROBE_AGE / 2:
            cache.set(PROBE_KEY, "here", PROBE_AGE)
            self._probe_set_at = now
        found: dict[str, Any] = cache.get_many([*keys, PROBE_KEY])
        if found.pop(PROBE_KEY, None) is None:
            self._probe_set_at = None
            self._doubt_until = now + DOUBT
        if now < self._doubt_until:
            lost = ConnectionError("The cache of sessions does not answer, or was emptied.")
            return {key: found.get(key, lost) for key in keys}
        return found


_probed_cache = ProbedCache()


def read_cache(store: Any, keys: Collection[str]) -> dict[str, Any]:
    """Return the data of the sessions that the cache has; see ``ProbedCache``."""
    prefix = store.cache_key_prefix
    cache = caches[settings.SESSION_CACHE_ALIAS]
    wanted = [prefix + key for key in keys]
    found = _probed_cache.read(cache, wanted, time.monotonic())
    return {key.removeprefix(prefix): data for key, data in found.items()}
