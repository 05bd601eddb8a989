"""What is wrong with ``REALTIME``, by itself and beside the other settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from realtime.access.hook import authenticator
from realtime.conf import problems, realtime_settings


def is_sound() -> bool:
    """Tell whether ``REALTIME`` can be read; what is wrong with it is reported once."""
    return not problems(getattr(settings, "REALTIME", {}))


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report unknown names and impossible values in ``REALTIME``."""
    return [
        Error(sentence, id="realtime.E001")
        for sentence in problems(getattr(settings, "REALTIME", {}))
    ]


@register()
def check_authenticate(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report an ``AUTHENTICATE`` that can't be imported or called."""
    if not is_sound():
        return []
    path = realtime_settings().AUTHENTICATE
    try:
        if path is not None:
            authenticator(path)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="realtime.E012")]
    return []


@register()
def check_limits(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a limit of a user's that one socket alone would reach before its own."""
    if not is_sound():
        return []
    limits = realtime_settings()
    if limits.MAX_STREAMS_PER_USER >= limits.MAX_STREAMS_PER_SOCKET:
        return []
    return [
        Warning(
            f"A socket can't follow {limits.MAX_STREAMS_PER_SOCKET} streams: all sockets of its "
            f"user together may follow {limits.MAX_STREAMS_PER_USER}.",
            hint="Set REALTIME['MAX_STREAMS_PER_USER'] to at least MAX_STREAMS_PER_SOCKET.",
            id="realtime.W009",
        )
    ]
