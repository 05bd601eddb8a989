"""How often somebody may try to log in, counted in the cache of each process."""

import unicodedata
from contextlib import suppress

from django.core.cache import cache
from django.utils.crypto import salted_hmac

WINDOW = 300
"""Seconds from a first attempt, after which the counting begins again."""

FROM_ADDRESS_FOR_NAME = 5
FROM_ADDRESS = 30
FOR_NAME = 100
"""Attempts that may fail: from one address for one user, for any users, and from anywhere.

The last one is high, because a stranger can use it to keep a user out."""


class Attempt:
    """One attempt to log in as ``name`` from the address ``address``."""

    def __init__(self, name: str, address: str) -> None:
        # Django's login form takes these for one name.
        name = unicodedata.normalize("NFKC", name).strip().casefold()
        self._limits = {
            _key("both", name, address): FROM_ADDRESS_FOR_NAME,
            _key("address", address): FROM_ADDRESS,
            _key("name", name): FOR_NAME,
        }

    def begin(self) -> bool:
        """Count the attempt; returns False where too many before it have failed."""
        # It is counted before the password is checked, because many may be tried together.
        counts = [(_count(key), limit) for key, limit in self._limits.items()]
        return all(count <= limit for count, limit in counts)

    def succeeded(self) -> None:
        """Count it no more."""
        for key in self._limits:
            with suppress(ValueError):
                cache.decr(key)


def _key(*parts: str) -> str:
    """Return a key for the cache; what people type may be long, and hold any character."""
    return f"login.{salted_hmac('project.throttle', repr(parts)).hexdigest()}"


def _count(key: str) -> int:
    cache.add(key, 0, WINDOW)
    try:
        return cache.incr(key)
    except ValueError:  # It ended in between.
        cache.set(key, 1, WINDOW)
        return 1
