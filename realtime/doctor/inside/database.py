"""Asks the databases of events and of users."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor

from realtime.doctor.finding import Finding, Findings, Id, ok, skipped
from realtime.doctor.rules.database import (
    judge_clock,
    judge_isolation,
    judge_lag,
    judge_migrations,
    judge_no_database,
    judge_pooler,
    judge_time_zone,
)
from realtime.models import Event

CONNECT_WITHIN = 5
POOLER_TRIES = 5
POSTGRESQL_ONLY: tuple[Id, ...] = ("isolation", "pooler", "clock", "time-zone")


def examine_reachable() -> Findings:
    """Return whether the databases of events and of users can be reached."""
    findings: Findings = []
    for alias in _written():
        try:
            with _another(alias) as connection:
                connection.ensure_connection()
                findings.append(ok("database", f"{alias!r} answers ({_version(connection)})."))
        except DatabaseError as reason:
            findings.append(judge_no_database(alias, _first_line(reason)))
    return findings


def examine_each(id: Id) -> Findings:
    """Return the findings ``id`` on each of these databases."""
    return [_examine(id, alias) for alias in _written()]


def _written() -> list[str]:
    aliases = [router.db_for_write(Event), router.db_for_write(get_user_model())]
    return list(dict.fromkeys(aliases))


def _examine(id: Id, alias: str) -> Finding:
    with _another(alias) as connection:
        if connection.vendor == "postgresql" or id not in POSTGRESQL_ONLY:
            return CHECKS[id](connection)
        if connection.vendor == "sqlite":
            return skipped(id, "SQLite runs in this very process.")
        return skipped(id, f"It is not examined on {connection.display_name}.")


@contextlib.contextmanager
def _another(alias: str) -> Iterator[Any]:
    """Connect once more, for a moment."""
    connection: Any = connections[alias]
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        yield connection
        return
    connection = connection.copy()
    if connection.vendor == "postgresql":
        options = connection.settings_dict["OPTIONS"]
        options = {name: value for name, value in options.items() if name != "pool"}
        connection.settings_dict = {
            **connection.settings_dict,
            "OPTIONS": {"connect_timeout": CONNECT_WITHIN, **options},
        }
    try:
        yield connection
    finally:
        connection.close()


def _value(connection: Any, sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def _version(connection: Any) -> str:
    version = connection.get_database_version()
    return f"{connection.display_name} {'.'.join(str(part) for part in version)}"


def _migrations(connection: Any) -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return judge_migrations([f"{migration.app_label}.{migration.name}" for migration, _ in plan])


def _isolation(connection: Any) -> Finding:
    return judge_isolation(_value(connection, "SHOW transaction_isolation"))


def _pooler(first: Any) -> Finding:
    """See whether another session serves the same connection, while a second one has a transaction.

    A pooler in transaction mode gives the second connection the session that the first left. Other
    traffic may come between, so it is tried several times.
    """
    pid = "SELECT pg_backend_pid()"
    database = first.settings_dict
    backends = [_value(first, pid)]
    with _another(first.alias) as second:
        while len(set(backends)) == 1 and len(backends) <= POOLER_TRIES:
            second.set_autocommit(False)
            _value(second, pid)
            try:
                backends.append(_value(first, pid))
            finally:
                second.rollback()
                second.set_autocommit(True)
    prepares = database["OPTIONS"].get("prepare_threshold") is not None
    return judge_pooler(
        backends,
        named=["OPTIONS['prepare_threshold'] is set."] if prepares else [],
        cursors_disabled=bool(database.get("DISABLE_SERVER_SIDE_CURSORS")),
    )


def _clock(connection: Any) -> Finding:
    before = time.time()
    seconds = float(_value(connection, "SELECT extract(epoch FROM clock_timestamp())"))
    after = time.time()
    return judge_clock(seconds - (before + after) / 2, (after - before) / 2)


def _zone(connection: Any) -> Finding:
    used, expected = str(_value(connection, "SHOW timezone")), connection.timezone_name
    now = datetime.now(UTC)
    try:
        differ = now.astimezone(ZoneInfo(used)).utcoffset() != (
            now.astimezone(ZoneInfo(expected)).utcoffset()
        )
    except (ZoneInfoNotFoundError, ValueError):  # PostgreSQL also knows zones such as <+02>-02.
        differ = True
    return judge_time_zone(expected, used, offsets_differ=differ, use_tz=settings.USE_TZ)


CHECKS: dict[Id, Callable[[Any], Finding]] = {
    "migrations": _migrations,
    "isolation": _isolation,
    "pooler": _pooler,
    "clock": _clock,
    "time-zone": _zone,
}
"""What is examined of each database, by a connection to it."""


def examine_replicas() -> Findings:
    """Return how far the databases are behind that are read in place of others."""
    read = {router.db_for_read(Event), router.db_for_read(get_user_model())}
    written = {router.db_for_write(Event), router.db_for_write(get_user_model())}
    mirrors = {alias for alias in connections if connections[alias].settings_dict["TEST"]["MIRROR"]}
    aliases = sorted((read | mirrors) - written)
    if not aliases:
        return [skipped("replica", "No database of the settings is read in place of another.")]
    findings: Findings = []
    for alias in aliases:
        try:
            findings.append(_lag(alias))
        except DatabaseError as reason:
            findings.append(judge_no_database(alias, _first_line(reason)))
    return findings


def _lag(alias: str) -> Finding:
    with _another(alias) as connection:
        if connection.vendor != "postgresql":
            return judge_lag(alias, None, is_replica=False)
        is_replica = bool(_value(connection, "SELECT pg_is_in_recovery()"))
        # What was replayed last says nothing where nothing was written since.
        lag = _value(
            connection,
            "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
            " ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END",
        )
        return judge_lag(alias, None if lag is None else float(lag), is_replica=is_replica)


def _first_line(reason: Exception) -> str:
    return (str(reason).splitlines() or [type(reason).__name__])[0]
