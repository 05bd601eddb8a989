"""Asks the databases of events and of users."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor

from realtime.doctor.finding import Findings, Id, ok, skipped
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
STATEMENT_WITHIN = "5s"
POSTGRESQL_ONLY: tuple[Id, ...] = ("isolation", "pooler", "clock", "time-zone")


def examine_databases() -> Findings:
    """Return the findings on each database that events and users are in."""
    aliases = dict.fromkeys([router.db_for_write(Event), router.db_for_write(get_user_model())])
    findings: Findings = []
    for alias in aliases:
        try:
            findings += _examine(alias)
        except DatabaseError as reason:
            findings.append(judge_no_database(alias, _first_line(reason)))
    return findings + _replicas()


def _examine(alias: str) -> Findings:
    with _another(alias) as connection:
        connection.ensure_connection()
        findings = [
            ok("database", f"{alias!r} answers ({_version(connection)})."),
            _migrations(connection),
        ]
        if connection.vendor != "postgresql":
            reason = f"{connection.display_name} runs in this very process."
            return findings + [skipped(id, reason) for id in POSTGRESQL_ONLY]
        return [
            *findings,
            _isolation(connection),
            _pooler(alias),
            _clock(connection),
            _zone(connection),
        ]


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


def _migrations(connection: Any) -> Any:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return judge_migrations([f"{migration.app_label}.{migration.name}" for migration, _ in plan])


def _isolation(connection: Any) -> Any:
    return judge_isolation(_value(connection, "SHOW transaction_isolation"))


def _pooler(alias: str) -> Any:
    """See whether another session serves the same connection, while a second one has a transaction.

    A pooler in transaction mode gives the second connection the session that the first left.
    """
    pid = "SELECT pg_backend_pid()"
    database = connections[alias].settings_dict
    with _another(alias) as first, _another(alias) as second:
        backends = [_value(first, pid)]
        second.set_autocommit(False)
        _value(second, pid)
        try:
            first.ensure_connection()
            with first.cursor() as cursor:
                cursor.execute(pid)
                backends.append(cursor.fetchone()[0])
        finally:
            second.rollback()
    prepares = database["OPTIONS"].get("prepare_threshold") is not None
    return judge_pooler(
        backends,
        named=["OPTIONS['prepare_threshold'] is set."] if prepares else [],
        cursors_disabled=bool(database.get("DISABLE_SERVER_SIDE_CURSORS")),
    )


def _clock(connection: Any) -> Any:
    before = time.time()
    seconds = float(_value(connection, "SELECT extract(epoch FROM clock_timestamp())"))
    after = time.time()
    return judge_clock(seconds - (before + after) / 2, (after - before) / 2)


def _zone(connection: Any) -> Any:
    used, expected = str(_value(connection, "SHOW timezone")), connection.timezone_name
    now = datetime.now(UTC)
    try:
        differ = now.astimezone(ZoneInfo(used)).utcoffset() != (
            now.astimezone(ZoneInfo(expected)).utcoffset()
        )
    except (ZoneInfoNotFoundError, ValueError):  # PostgreSQL also knows zones such as <+02>-02.
        differ = True
    return judge_time_zone(expected, used, offsets_differ=differ, use_tz=settings.USE_TZ)


def _replicas() -> Findings:
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


def _lag(alias: str) -> Any:
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
