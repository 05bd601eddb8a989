"""What is wrong with the backends that ``REALTIME`` names: they can't be made as it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning, register

from realtime.checks.channel_layer import layer_is_in_memory
from realtime.checks.databases import unknown_databases
from realtime.checks.setting import is_sound
from realtime.conf import realtime_settings
from realtime.eventlog import event_log
from realtime.recorder import recorder_backend
from realtime.roster import presence_backend
from realtime.roster.memory import MemoryPresence

BACKENDS: dict[str, Callable[[], object]] = {
    "EVENT_LOG": event_log,
    "PRESENCE": presence_backend,
    "RECORDER": recorder_backend,
}
"""The log first: presence may go with it."""


@register()
def check_backends(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report the first backend that can't be imported, or doesn't take its ``OPTIONS``."""
    if not is_sound() or unknown_databases():
        return []
    for name, make in BACKENDS.items():
        try:
            make()
        except Exception as reason:  # A project's own may raise anything.
            return [
                Error(
                    f"REALTIME[{name!r}] can't be used: {reason}",
                    hint="Look at its BACKEND and OPTIONS. For Redis: pip install "
                    "'channels-realtime[redis]'.",
                    id="realtime.E016",
                )
            ]
    return []


@register()
def check_presence(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a presence backend that knows one process alone."""
    if not is_sound() or realtime_settings().EVENT_LOG is not None or layer_is_in_memory():
        return []
    if check_backends(app_configs):
        return []  # It may be presence that can't be made.
    if isinstance(presence_backend(), MemoryPresence):
        return [
            Warning(
                "Presence in memory knows the sockets of its own process alone.",
                hint="Where more than one process runs, set REALTIME['PRESENCE'] to a backend in "
                "the database or Redis; where presence isn't needed, to False.",
                id="realtime.W010",
            )
        ]
    return []
