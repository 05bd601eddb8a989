"""The presence backend that the settings name, or that goes with the event log."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from realtime.concurrency.connections import is_of_one_process
from realtime.conf import cached_until_set, made_backend, realtime_settings, require_app
from realtime.roster.base import PresenceBackend

BACKENDS = {
    "DatabaseEventLog": "realtime.roster.database.DatabasePresence",
    "MemoryEventLog": "realtime.roster.memory.MemoryPresence",
    "RedisEventLog": "realtime.roster.redis.RedisPresence",
}
"""The backend that goes with each class of event log."""


@cached_until_set("REALTIME")
def presence_backend() -> PresenceBackend | None:
    """Return the backend that ``REALTIME["PRESENCE"]`` names, None where presence is off."""
    configured = realtime_settings().PRESENCE
    if configured is False:
        return None
    require_app()
    if configured is True:
        configured = _like_event_log()
    backend: PresenceBackend = made_backend(configured)
    return backend


def required_backend() -> PresenceBackend:
    """Return the backend; raises ``ImproperlyConfigured`` where presence is off."""
    backend = presence_backend()
    if backend is None:
        raise ImproperlyConfigured(
            "REALTIME['PRESENCE'] is False, so nobody knows who is there: leave it out, or name a "
            "BACKEND."
        )
    return backend


def _like_event_log() -> dict[str, Any]:
    """Return what goes with the event log; with one of the project's own, the database."""
    log = realtime_settings().EVENT_LOG
    if log is None:
        return {"BACKEND": BACKENDS["MemoryEventLog"]}
    ancestors = (one.__name__ for one in import_string(log["BACKEND"]).__mro__)
    known = next((name for name in ancestors if name in BACKENDS), "DatabaseEventLog")
    if known == "DatabaseEventLog" and is_of_one_process("PresenceMember"):
        known = "MemoryEventLog"
    options = log.get("OPTIONS", {}) if known == "RedisEventLog" else {}
    return {"BACKEND": BACKENDS[known], "OPTIONS": options}
