"""The recorder's backend that the settings name."""

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
from realtime.recorder.base import RecorderBackend

DATABASE = "realtime.recorder.database.DatabaseRecorder"
MEMORY = "realtime.recorder.memory.MemoryRecorder"


@cache
def recorder_backend() -> RecorderBackend | None:
    """Return the backend that ``REALTIME["RECORDER"]`` names, None where nothing is recorded."""
    configured = realtime_settings().RECORDER
    if configured is False:
        return None
    if not apps.is_installed("realtime"):
        raise ImproperlyConfigured("Add 'realtime' to INSTALLED_APPS, and run manage.py migrate.")
    if configured is True:
        configured = {"BACKEND": MEMORY if _is_in_memory() else DATABASE}
    backend: Callable[..., RecorderBackend] = import_string(configured["BACKEND"])
    return backend(**configured.get("OPTIONS", {}))


def _is_in_memory() -> bool:
    """Tell whether one process alone has the database, as in tests on SQLite."""
    connection: Any = connections[router.db_for_write(apps.get_model("realtime", "RecordedSocket"))]
    return bool(connection.vendor == "sqlite" and connection.is_in_memory_db())


def _forget_backend(*, setting: str, **_: Any) -> None:
    if setting == "REALTIME":
        recorder_backend.cache_clear()


setting_changed.connect(_forget_backend)
