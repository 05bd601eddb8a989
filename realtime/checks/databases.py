"""What is wrong with the databases that events and the tables of realtime are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connections, router

from realtime.checks.setting import is_sound
from realtime.conf import is_backend, realtime_settings
from realtime.models import Event

DATABASE_LOG = "realtime.eventlog.database.DatabaseEventLog"
LOG_BY_PREFIX = "realtime.eventlog.by_prefix.EventLogByPrefix"


@register()
def check_database(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Report a database that can't have the tables of realtime."""
    if not is_sound():
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
    if not is_sound():
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
    if not is_sound():
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
