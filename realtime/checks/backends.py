"""What is wrong with the backends that ``REALTIME`` names: they can't be made as it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from realtime.checks.databases import unknown_databases
from realtime.checks.setting import is_sound
from realtime.eventlog import event_log
from realtime.recorder import recorder_backend
from realtime.roster import presence_backend

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
