"""The setting ``REALTIME``: its names, defaults and bounds, read late and forgotten on a change."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed


@dataclass(frozen=True, kw_only=True)
class RealtimeSettings:
    """What ``REALTIME`` may hold; every number is above zero."""

    HEARTBEAT_INTERVAL: float = 10.0
    """Seconds between two pings of the server."""
    HEARTBEAT_TIMEOUT: float = 8.0
    """Seconds that the server waits for a pong."""
    MAX_FRAME_BYTES: int = 64 * 1024
    """Bytes of the largest frame that a client may send."""
    MAX_IN_FLIGHT_BYTES: int = 256 * 1024
    """Bytes sent to a socket and not yet proved to have arrived."""
    MAX_FRAMES_PER_SECOND: int = 100
    """Frames a second that one socket may send; as many may come at once."""
    MAX_STREAMS_PER_SOCKET: int = 100
    """Streams that one socket may follow."""
    MAX_SOCKETS_PER_USER: int = 20
    """Sockets that one user may hold open in one process; one more closes the oldest."""


def problems(configured: Any) -> list[str]:
    """Say what is wrong with a value of ``REALTIME``, a sentence each; empty if nothing is."""
    if not isinstance(configured, dict):
        return [f"REALTIME must be a dict, not {type(configured).__name__}."]
    kinds = {field.name: field.type for field in fields(RealtimeSettings)}
    found = []
    for name, value in configured.items():
        if name not in kinds:
            found.append(f"REALTIME has no setting {name!r}; there are: {', '.join(kinds)}.")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            found.append(f"REALTIME[{name!r}] must be a number above 0, not {value!r}.")
        elif kinds[name] == "int" and not isinstance(value, int):
            found.append(f"REALTIME[{name!r}] must be a whole number, not {value!r}.")
    return found


@cache
def realtime_settings() -> RealtimeSettings:
    """Return the settings in force; the defaults where no Django project is configured.

    Raises ``ImproperlyConfigured`` where ``REALTIME`` is wrong.
    """
    if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
        return RealtimeSettings()
    configured = getattr(settings, "REALTIME", {})
    if found := problems(configured):
        raise ImproperlyConfigured(" ".join(found))
    return RealtimeSettings(**configured)


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "REALTIME":
        realtime_settings.cache_clear()


setting_changed.connect(_forget)
