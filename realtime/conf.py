"""The setting ``REALTIME``: its names, defaults and bounds; read late, and again after a change."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Answer = TypeVar("Answer")


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
    """Frames a second that one socket may send; twice as many may come together."""
    MAX_BYTES_PER_SECOND: int = 2 * 1024 * 1024
    """Bytes a second that all sockets of a user may send and be answered with; more waits."""
    MAX_STREAMS_PER_SOCKET: int = 100
    """Streams that one socket may follow."""
    MAX_SOCKETS_PER_USER: int = 20
    """Sockets that one user may hold open in all processes; one more closes the oldest."""
    MAX_STREAMS_PER_USER: int = 2000
    """Streams that all sockets of a user may have one process follow; see ``access/allowances``."""
    MAX_SUBSCRIBES_PER_SECOND: int = 100
    """Subscribes a second of all sockets of a user in one process; more of them wait."""
    MAX_CONNECTIONS_PER_SECOND: int = 1000
    """New sockets a second that a process lets in, twice as many together; an address gets half."""
    MAX_VISITORS_PER_ADDRESS: int = 1000
    """Sockets that one address may hold open in one process while nobody has signed in on them."""
    SIGN_IN_TIMEOUT: float = 7.0
    """Seconds within which the user of a new socket has to be known."""
    COMMAND_TIMEOUT: float = 7.0
    """Seconds that a subscribe waits for the application, and a send for a thread."""
    EVENT_LOG: dict[str, Any] | None = field(
        default_factory=lambda: {"BACKEND": "realtime.eventlog.database.DatabaseEventLog"}
    )
    """``BACKEND`` and ``OPTIONS`` of the event log; None keeps no events."""
    RETENTION: dict[str, int] = field(default_factory=lambda: {"COUNT": 1000, "AGE": 7 * 86400})
    """Events kept of each stream: the newest ``COUNT``, for ``AGE`` seconds."""
    PRESENCE: dict[str, Any] | bool = True
    """``BACKEND`` and ``OPTIONS`` of presence; True goes with the event log, False is without."""
    RECORDER: dict[str, Any] | bool = True
    """``BACKEND`` and ``OPTIONS`` of the flight recorder; True is the database, False is off."""
    RECORD_AGE: int = 7 * 86400
    """Seconds for which the lives of sockets are kept, after their end."""
    OFFLINE_AFTER: float = 15.0
    """Seconds in which a user whose last socket has ended may come back and was never gone."""
    POSITION_CHECK: float = 10.0
    """Seconds between two checks of the log for events whose broadcast was lost."""
    RECHECK: float = 60.0
    """Seconds between two checks of the users and sessions of all sockets, give or take a fifth."""
    SITE: str | None = None
    """A name that tells this site from others on the same channel layer; None takes another mark.

    All processes of a site have the same; see ``layer/groups.py``.
    """
    DRAIN: bool = True
    """Send every socket away before the server ends; False leaves SIGTERM alone."""
    AUTHENTICATE: str | None = None
    """The dotted path of a function that takes a scope and a ticket and returns a user."""
    ANONYMOUS: bool = False
    """Let visitors who are not signed in follow public streams."""


def problems(configured: Any) -> list[str]:
    """Say what is wrong with a value of ``REALTIME``, a sentence each; empty if nothing is."""
    if not isinstance(configured, dict):
        return [f"REALTIME must be a dict, not {type(configured).__name__}."]
    kinds = {one.name: one.type for one in fields(RealtimeSettings)}
    found = []
    for name, value in configured.items():
        if name not in kinds:
            found.append(f"REALTIME has no setting {name!r}; there are: {', '.join(kinds)}.")
        elif name == "EVENT_LOG":
            if value is not None and not is_backend(value):
                found.append(f"REALTIME['EVENT_LOG'] must have a BACKEND, or be None: {value!r}.")
        elif name in ("PRESENCE", "RECORDER"):
            if not isinstance(value, bool) and not is_backend(value):
                found.append(
                    f"REALTIME[{name!r}] must have a BACKEND, or be True or False: {value!r}."
                )
        elif name == "RETENTION":
            found += retention_problems("REALTIME['RETENTION']", value)
        elif kinds[name] == "str | None":
            if value is not None and not (isinstance(value, str) and value):
                found.append(f"REALTIME[{name!r}] must be text, or None: {value!r}.")
        elif kinds[name] == "bool":
            if not isinstance(value, bool):
                found.append(f"REALTIME[{name!r}] must be True or False, not {value!r}.")
        else:
            found += _number_problems(f"REALTIME[{name!r}]", value, whole=kinds[name] == "int")
    return found


def is_backend(value: Any) -> bool:
    """Tell whether a value has a ``BACKEND``, may have ``OPTIONS``, and nothing else."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("BACKEND"), str)
        and isinstance(value.get("OPTIONS", {}), dict)
        and value.keys() <= {"BACKEND", "OPTIONS"}
    )


def retention_problems(where: str, value: Any) -> list[str]:
    """Say what is wrong with a retention that stands at ``where``, a sentence each."""
    if not isinstance(value, dict) or not value.keys() <= {"COUNT", "AGE"}:
        return [f"{where} is a dict of COUNT and AGE, not {value!r}."]
    return [
        problem
        for name, number in value.items()
        for problem in _number_problems(f"{where}[{name!r}]", number, whole=True)
    ]


def _number_problems(name: str, value: Any, *, whole: bool) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return [f"{name} must be a number above 0, not {value!r}."]
    if whole and not isinstance(value, int):
        return [f"{name} must be a whole number, not {value!r}."]
    return []


def cached_until_set(*names: str) -> Callable[[Callable[[], Answer]], _lru_cache_wrapper[Answer]]:
    """Return a decorator that keeps what a function returns until a setting with a name is set."""

    def decorated(function: Callable[[], Answer]) -> _lru_cache_wrapper[Answer]:
        cached = cache(function)

        def forget(*, setting: str, **_: Any) -> None:
            if setting in names:
                cached.cache_clear()

        setting_changed.connect(forget, weak=False)
        return cached

    return decorated


@cached_until_set("REALTIME")
def realtime_settings() -> RealtimeSettings:
    """Return the settings in force; the defaults where no Django project is configured.

    Raises ``ImproperlyConfigured`` where ``REALTIME`` is wrong.
    """
    if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
        return RealtimeSettings()
    configured = getattr(settings, "REALTIME", {})
    if found := problems(configured):
        raise ImproperlyConfigured(" ".join(found))
    retention = {**RealtimeSettings().RETENTION, **configured.get("RETENTION", {})}
    return RealtimeSettings(**{**configured, "RETENTION": retention})


def made_backend(configured: Mapping[str, Any]) -> Any:
    """Return what a ``BACKEND`` makes of its ``OPTIONS``; raises what that raises."""
    return import_string(configured["BACKEND"])(**configured.get("OPTIONS", {}))


def require_app() -> None:
    """Raise ``ImproperlyConfigured`` in a project without this app."""
    if not apps.is_installed("realtime"):
        raise ImproperlyConfigured("Add 'realtime' to INSTALLED_APPS, and run manage.py migrate.")
