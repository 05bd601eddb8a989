"""Presence in Redis."""

from realtime.roster.redis.backend import RedisPresence

__all__ = ["RedisPresence"]
