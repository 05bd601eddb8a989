from django.core.cache.backends.base import InvalidCacheKey
from django.core.cache.backends.locmem import LocMemCache


class StrictCache(LocMemCache):
    """Refuses the keys that Memcached refuses, as Django's backends for that do."""

    def validate_key(self, key):
        if len(key) > 250:
            raise InvalidCacheKey(key)
