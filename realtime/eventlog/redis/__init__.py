"""The event log in Redis."""

from realtime.eventlog.redis.log import RedisEventLog

__all__ = ["RedisEventLog"]
