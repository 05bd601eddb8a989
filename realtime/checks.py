"""System checks: what is wrong with a project's settings, said before it is deployed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.utils.module_loading import import_string

from realtime import installation
from realtime.access.hook import authenticator
from realtime.conf import is_backend, problems, realtime_settings
from realtime.models import Event
from realtime.roster import presence_backend
from realtime.roster.memory import MemoryPresence

DATABASE_LOG = "realtime.eventlog.database.DatabaseEventLog"
LOG_BY_PREFIX = "realtime.eventlog.by_prefix.EventLogByPrefix"
CONTEXT_PROCESSORS = {
    "django.contrib.auth.context_processors.auth",
    "django.template.context_processors.request",
}
PUB_SUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
IN_MEMORY = "channels.layers.InMemoryChannelLayer"
REDIS_LAYER = {"default": {"BACKEND": PUB_SUB, "CONFIG": {"hosts": ["redis://localhost:6379/0"]}}}
POSTGRES = "realtime.layer.postgres.PostgresChannelLayer"
POSTGRES_LAYER = {"default": {"BACKEND": POSTGRES}}


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
    if problems(getattr(settings, "REALTIME", {})):
        return []
    path = realtime_settings().AUTHENTICATE
    try:
        if path is not None:
            authenticator(path)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="realtime.E012")]
    return []


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
    if _layer_is_in_memory() and not settings.DEBUG:
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
def check_server(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report what keeps ``runserver`` from serving WebSockets."""
    if sys.argv[1:2] not in (["runserver"], ["realtime_check"]) or not settings.DEBUG:
        return []
    if not apps.is_installed("daphne"):
        return [
            Warning(
                "runserver serves no WebSockets: /realtime/ will be a 404.",
                hint="pip install daphne, and put 'daphne' first in INSTALLED_APPS: INSTALLED_APPS "
                "= ['daphne', *INSTALLED_APPS]. Or start another ASGI server.",
                id="realtime.W004",
            )
        ]
    package = settings.ROOT_URLCONF.rpartition(".")[0] or "mysite"
    path = getattr(settings, "ASGI_APPLICATION", None)
    if path is None:
        return [
            Warning(
                "ASGI_APPLICATION is not set, so runserver can't find the route of the consumer.",
                hint=f"Write in the settings: ASGI_APPLICATION = '{package}.asgi.application'",
                id="realtime.W005",
            )
        ]
    try:
        application = import_string(path)
    except ImportError as reason:
        return [
            Warning(
                f"ASGI_APPLICATION = {path!r} can't be imported: {reason}",
                hint="Name the variable of asgi.py that holds the application.",
                id="realtime.W005",
            )
        ]
    while isinstance(application, ASGIStaticFilesHandler):  # It passes WebSockets on.
        application = application.application
    if isinstance(application, ASGIHandler):
        return [
            Warning(
                f"{path} is Django alone, which serves no WebSockets: /realtime/ will fail.",
                hint="Write in asgi.py, in place of its last line: import realtime.asgi; "
                "application = realtime.asgi.application()",
                id="realtime.W011",
            )
        ]
    return []


@register()
def check_template_context(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report templates in which the tag can't know the user."""
    engines: list[dict[str, Any]] = [
        engine
        for engine in settings.TEMPLATES
        if engine["BACKEND"] == "django.template.backends.django.DjangoTemplates"
    ]
    options: list[dict[str, Any]] = [engine.get("OPTIONS", {}) for engine in engines]
    processors = {one for each in options for one in each.get("context_processors", [])}
    if not engines or processors & CONTEXT_PROCESSORS:
        return []
    return [
        Warning(
            "{% realtime %} can't know the user: no context processor tells templates.",
            hint=f"Add {min(CONTEXT_PROCESSORS)} to TEMPLATES' context_processors.",
            id="realtime.W006",
        )
    ]


@register()
def check_shared_redis(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a Redis that looks as if several sites shared it by its database numbers."""
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {})
    config = layer.get("CONFIG", {})
    numbers = [number for host in config.get("hosts", []) if (number := _database_number(host))]
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


@register()
def check_database(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a database that can't have the tables of realtime."""
    if problems(getattr(settings, "REALTIME", {})):
        return []
    aliases = {router.db_for_write(Event), *_databases_of_log()}
    return [
        Error(
            f"The tables of realtime work on PostgreSQL and SQLite, not on {vendor}.",
            hint="Put the app realtime into a database of PostgreSQL, by a router in "
            "DATABASE_ROUTERS; your data can stay where it is.",
            id="realtime.E003",
        )
        for alias in sorted(aliases)
        if router.allow_migrate_model(alias, Event)
        and (vendor := connections[alias].vendor) not in ("postgresql", "sqlite")
    ]


@register()
def check_event_log(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a database in which the event log fails under load."""
    if problems(getattr(settings, "REALTIME", {})):
        return []
    unknown = [
        Error(
            f"The event log's database {alias!r} is not in DATABASES.",
            hint="Add it there, or name another one in the OPTIONS of REALTIME['EVENT_LOG'].",
            id="realtime.E013",
        )
        for options in _options_of_database_logs()
        for alias in (options.get("database"), options.get("replica"))
        if alias is not None and alias not in connections.databases
    ]
    return unknown + [problem for alias in _databases_of_log() for problem in _log_problems(alias)]


def _options_of_database_logs() -> list[dict[str, Any]]:
    logs = logs_in(realtime_settings().EVENT_LOG)
    return [one.get("OPTIONS", {}) for one in logs if one["BACKEND"] == DATABASE_LOG]


def _databases_of_log() -> list[str]:
    """Return the aliases of the databases that the event log is in, or one of several logs."""
    options = _options_of_database_logs()
    found = {one.get("database") or router.db_for_write(Event) for one in options}
    return sorted(found & set(connections.databases))


def logs_in(log: Any) -> list[dict[str, Any]]:
    """Return a log, or those that it is made of."""
    if not is_backend(log):
        return []
    options = log.get("OPTIONS", {})
    several = options.get("logs") if log["BACKEND"] == LOG_BY_PREFIX else None
    return list(filter(is_backend, several.values())) if isinstance(several, dict) else [log]


def _log_problems(alias: str) -> list[CheckMessage]:
    database = connections[alias]
    options = database.settings_dict.get("OPTIONS", {})
    if database.vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        return [
            Warning(
                "Transactions that publish fail with 'database is locked' when two meet.",
                hint=f"Write in the settings: DATABASES['{database.alias}']['OPTIONS'] = "
                "{'transaction_mode': 'IMMEDIATE'}",
                id="realtime.W003",
            )
        ]
    return []


@register()
def check_event_log_commits(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Report a database in which events are not committed, or not with the project's data."""
    if problems(getattr(settings, "REALTIME", {})):
        return []
    users = router.db_for_write(get_user_model())
    aliases = _databases_of_log()
    return [problem for alias in aliases for problem in _commit_problems(alias, users)]


def _commit_problems(events: str, users: str) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not connections[events].settings_dict["AUTOCOMMIT"]:
        found.append(
            Error(
                f"Events can't be published: AUTOCOMMIT is off in the database {events!r}.",
                hint="Leave AUTOCOMMIT on, and use transaction.atomic().",
                id="realtime.E011",
            )
        )
    if events != users and events == router.db_for_write(Event):  # Named by no option.
        found.append(
            Warning(
                f"Events are in the database {events!r}, users in {users!r}: an event is written "
                "after the commit of its data, and a process that dies in between loses it.",
                hint="Let the routers put the app realtime into the database of your data.",
                id="realtime.W008",
            )
        )
    return found


@register()
def check_presence(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a presence backend that knows one process alone."""
    if problems(getattr(settings, "REALTIME", {})):
        return []
    backend, log = presence_backend(), realtime_settings().EVENT_LOG
    if isinstance(backend, MemoryPresence) and log is None and not _layer_is_in_memory():
        return [
            Warning(
                "Presence in memory knows the sockets of its own process alone.",
                hint="Where more than one process runs, set REALTIME['PRESENCE'] to a backend in "
                "the database or Redis; where presence isn't needed, to False.",
                id="realtime.W010",
            )
        ]
    return []


def _channel_layer() -> str:
    """Return the default layer's path, that of the in-memory one where the setting has none."""
    layers: dict[str, Any] = getattr(settings, "CHANNEL_LAYERS", {})
    return str(layers.get("default", {}).get("BACKEND", IN_MEMORY))


def _layer_is_in_memory() -> bool:
    return _channel_layer().endswith(".InMemoryChannelLayer")


@register()
def check_limits(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a limit of a user's that one socket alone would reach before its own."""
    if problems(getattr(settings, "REALTIME", {})):
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


@register()
def check_installation(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report another package with the import name of this one."""
    sentence = installation.problem()
    return [] if sentence is None else [Error(sentence, id="realtime.E010")]
