"""Who does what only one process may do, and how far it has come: two keys that expire."""

from __future__ import annotations

from typing import Any

from realtime.eventlog.entries import NOTE_FOR
from realtime.eventlog.redis.keys import Keys
from realtime.eventlog.redis_clients import twice

TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('GET', KEYS[2]) or ''
"""

KEEP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2] + ARGV[4])
return 1
"""


class Leases:
    """The leases of one log; see ``EventLog.take_lease``."""

    def __init__(self, client: Any, keys: Keys) -> None:
        self._keys = keys
        self._take = client.register_script(TAKE)
        self._keep = client.register_script(KEEP)

    def take(self, task: str, process: str, seconds: float) -> str | None:
        """Return the note of who had the lease last, or None where another has it."""
        args: list[str | int] = [process, int(seconds * 1000)]
        note: str | None = twice(lambda: self._take(keys=self._keys.lease(task), args=args))
        return note

    def keep(self, task: str, process: str, seconds: float, note: str) -> bool:
        """Renew a lease and write its note; return False where another has it."""
        args: list[str | int] = [process, int(seconds * 1000), note, int(NOTE_FOR * 1000)]
        return bool(twice(lambda: self._keep(keys=self._keys.lease(task), args=args)))
