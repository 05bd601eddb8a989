"""What is wrong with the channel layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.module_loading import import_string

PUB_SUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
IN_MEMORY = "channels.layers.InMemoryChannelLayer"
REDIS_LAYER = {"default": {"BACKEND": PUB_SUB, "CONFIG": {"hosts": ["redis://localhost:6379/0"]}}}
POSTGRES = "realtime.layer.postgres.PostgresChannelLayer"
POSTGRES_LAYER = {"default": {"BACKEND": POSTGRES}}


@register()
def check_channel_layer(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a channel layer that isn't there, that loses events, or that reaches one process."""
    layer = _channel_layer()
    try:
        import_string(layer)
    except ImportError as reason:
        return [
            Error(
                f"The BACKEND of CHANNEL_LAYERS can't be imported: {reason}",
                hint="For Redis: pip install 'channels-realtime[redis]'.",
                id="realtime.E015",
            )
        ]
    if layer_is_in_memory() and not settings.DEBUG:
        return [
            Warning(
                "The in-memory channel layer reaches only the sockets of the same process; without "
                "CHANNEL_LAYERS there is no other.",
                hint=f"Where more than one process runs, write: CHANNEL_LAYERS = {REDIS_LAYER}; "
                f"or, with PostgreSQL and without Redis: CHANNEL_LAYERS = {POSTGRES_LAYER}",
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
def check_postgres_layer(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a channel layer for PostgreSQL in another database, or in none."""
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {})
    config = layer.get("CONFIG", {})
    if layer.get("BACKEND") != POSTGRES or config.get("dsn") is not None:
        return []
    alias = config.get("database", DEFAULT_DB_ALIAS)
    is_there = alias in connections.databases
    found = connections[alias].vendor if is_there else "not in DATABASES"
    if found == "postgresql":
        return []
    return [
        Error(
            f"PostgresChannelLayer needs PostgreSQL, and the database {alias!r} is {found}.",
            hint=f"Set its CONFIG['dsn'], or CONFIG['database'], or use {PUB_SUB}.",
            id="realtime.E014",
        )
    ]


@register()
def check_shared_redis(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a Redis that looks as if several sites shared it by its database numbers."""
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {})
    config = layer.get("CONFIG", {})
    numbers = [number for host in config.get("hosts") or [] if (number := _database_number(host))]
    is_pub_sub = layer.get("BACKEND", "").endswith(".RedisPubSubChannelLayer")
    if not is_pub_sub or not numbers or "prefix" in config:
        return []
    return [
        Warning(
            f"Database number {numbers[0]} of Redis separates no messages from those of its "
            "other databases.",
            hint="If another site has this Redis too, give each CONFIG['prefix'] and "
            "REALTIME['SITE'] of its own.",
            id="realtime.W007",
        )
    ]


def _database_number(host: Any) -> int:
    """Return the database number in a host of channels_redis; 0 is Redis's own default."""
    address = host.get("address", "") if isinstance(host, dict) else host
    number = host.get("db", 0) if isinstance(host, dict) else 0
    if isinstance(address, str):
        url = urlsplit(address)
        number = number or parse_qs(url.query).get("db", [url.path.strip("/")])[0]
    return int(number) if str(number).isdecimal() else 0


def _channel_layer() -> str:
    """Return the default layer's path, that of the in-memory one where the setting has none."""
    layers: dict[str, Any] = getattr(settings, "CHANNEL_LAYERS", {})
    return str(layers.get("default", {}).get("BACKEND", IN_MEMORY))


def layer_is_in_memory() -> bool:
    """Tell whether the default layer reaches only its own process."""
    return _channel_layer().endswith(".InMemoryChannelLayer")
