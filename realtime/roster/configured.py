"""The presence backend that the settings name, or that goes with the event log."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import connections, router
from django.utils.module_loading import import_string

from realtime.conf import realtime_settings
from realtime.roster.base import PresenceBackend

BACKENDS = {
    "DatabaseEventLog": "realtime.roster.database.DatabasePresence",
    "MemoryEventLog": "realtime.roster.memory.MemoryPresence",
    "RedisEventLog": "realtime.roster.redis.RedisPresence",
}
"""The backend that goes with each class of event log."""


@cache
def presence_backend() -> PresenceBackend | None:
    """Return the backend that ``REALTIME["PRESENCE"]`` names, None where presence is off."""
    configured = realtime_settings().PRESENCE
    if configured is False:
        return None
    if not apps.is_installed("realtime"):
        raise ImproperlyConfigured("Add 'realtime' to INSTALLED_APPS, and run manage.py migrate.")
    if configured is True:
        configured = _like_event_log()
    backend: Callable[..., PresenceBackend] = import_string(configured["BACKEND"])
    return backend(**configured.get("OPTIONS", {}))


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
    if known == "DatabaseEventLog" and _is_in_memory():
        known = "MemoryEventLog"
    options = log.get("OPTIONS", {}) if known == "RedisEventLog" else {}
    return {"BACKEND": BACKENDS[known], "OPTIONS": options}


def _is_in_memory() -> bool:
    """Tell whether one process alone has the database, as in tests on SQLite.

    Its threads lock each other's tables there, and no timeout is waited for.
    """
    connection: Any = connections[router.db_for_write(apps.get_model("realtime", "PresenceMember"))]
    return bool(connection.vendor == "sqlite" and connection.is_in_memory_db())


def _forget_backend(*, setting: str, **_: Any) -> None:
    if setting == "REALTIME":
        presence_backend.cache_clear()


setting_changed.connect(_forget_backend)
