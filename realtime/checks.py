"""System checks: what is wrong with a project's settings, said before it is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connections, router

from realtime import installation
from realtime.conf import problems, realtime_settings
from realtime.models import Event

DATABASE_LOG = "realtime.eventlog.database.DatabaseEventLog"
PUB_SUB = "channels_redis.pubsub.RedisPubSubChannelLayer"


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report unknown names and impossible values in ``REALTIME``."""
    return [
        Error(sentence, id="realtime.E001")
        for sentence in problems(getattr(settings, "REALTIME", {}))
    ]


@register()
def check_channel_layer(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a channel layer that is missing or that loses events without a word."""
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {}).get("BACKEND")
    if layer is None:
        return [
            Error(
                "No channel layer is configured, so published events reach nobody.",
                hint=f"Set CHANNEL_LAYERS['default']; {PUB_SUB} is the one to use.",
                id="realtime.E002",
            )
        ]
    if layer.endswith(".InMemoryChannelLayer") and not settings.DEBUG:
        return [
            Warning(
                "The in-memory channel layer reaches only the sockets of the same process.",
                hint=f"Use {PUB_SUB} where more than one process runs.",
                id="realtime.W001",
            )
        ]
    if layer.endswith(".RedisChannelLayer"):
        return [
            Warning(
                "RedisChannelLayer drops events without a word when a process has 100 waiting.",
                hint=f"Use {PUB_SUB}.",
                id="realtime.W002",
            )
        ]
    return []


@register()
def check_event_log(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a database in which the event log can't work, or fails under load."""
    if problems(getattr(settings, "REALTIME", {})):
        return []
    log = realtime_settings().EVENT_LOG
    if log is None or log["BACKEND"] != DATABASE_LOG:
        return []
    database = connections[router.db_for_write(Event)]
    if database.vendor not in ("postgresql", "sqlite"):
        return [
            Error(
                f"The database event log works on PostgreSQL and SQLite, not on {database.vendor}.",
                hint="Set REALTIME['EVENT_LOG'] to another log, or to None.",
                id="realtime.E003",
            )
        ]
    options = database.settings_dict.get("OPTIONS", {})
    if database.vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        return [
            Warning(
                "Transactions that publish fail with 'database is locked' when two meet.",
                hint="Set the database's OPTIONS['transaction_mode'] to 'IMMEDIATE'.",
                id="realtime.W003",
            )
        ]
    return []


@register()
def check_installation(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report another package with the import name of this one."""
    sentence = installation.problem()
    return [] if sentence is None else [Error(sentence, id="realtime.E010")]
