"""Presence in Redis."""


class RedisPresence: ...
