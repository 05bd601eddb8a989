"""Writes lives: all rows of a table by one value, which the database takes apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connections
from django.db.models.functions import Now

from realtime.models.recorder import RecordedFollowing, RecordedProcess, RecordedSocket
from realtime.recorder.base import Following, Life, Process
from realtime.recorder.database.times import in_ms
from realtime.recorder.wire import steps_to_json


def renew(process: Process, lease: float, using: str) -> None:
    """Write that a process is alive, for ``lease`` seconds."""
    until = Now() + timedelta(seconds=lease)
    processes = RecordedProcess.objects.using(using)
    if not processes.filter(id=process.id).update(lease_until=until):
        processes.create(
            id=process.id,
            host=process.host,
            pid=process.pid,
            server=process.server,
            started_at=round(process.started_at * 1000),
            lease_until=until,
        )


def write(lives: Sequence[Life], using: str) -> None:
    """Insert or change rows by one value for all: a value each would take ten times as long.

    Lists in a row become JSON text in the database.
    """
    connection = connections[using]
    if connection.vendor not in _STATEMENTS:
        over = RecordedSocket.objects.using(using).filter(ended_at__isnull=False)
        known = set(
            over.filter(id__in=[life.socket for life in lives]).values_list("id", flat=True)
        )
        lives = [life for life in lives if life.ended_at is not None or life.socket not in known]
    sockets = [_socket_row(life) for life in lives]
    followings = [_following_row(life, one) for life in lives for one in _over(life)]
    for model, rows in ((RecordedFollowing, followings), (RecordedSocket, sockets)):
        if rows and connection.vendor in _STATEMENTS:
            with connection.cursor() as cursor:
                cursor.execute(_STATEMENTS[connection.vendor][model], [json.dumps(rows)])
        elif rows:
            _write_by_model(model, rows, using)


def _socket_row(life: Life) -> list[Any]:
    return [
        *(life.socket, life.process, life.user or "", life.user_agent, in_ms(life.opened_at)),
        *(in_ms(life.ended_at), life.code, life.ended_by or "", life.latency),
        *(in_ms(life.proved_at), _followed_now(life)),
    ]


def _followed_now(life: Life) -> list[list[Any]]:
    """Return what a life follows that is not over: rows are for what has ended."""
    followed = [one for one in life.followings if one.until is None and life.ended_at is None]
    return [
        [one.stream, one.epoch, in_ms(one.since), one.began_after, one.selects] for one in followed
    ]


def _over(life: Life) -> Iterable[Following]:
    return (one for one in life.followings if life.ended_at is not None or one.until is not None)


def _following_row(life: Life, one: Following) -> list[Any]:
    since, until = in_ms(one.since), in_ms(life.ended_at if one.until is None else one.until)
    return [
        *(f"{life.socket}/{one.stream}/{since}", life.socket, one.stream, since, until, one.epoch),
        *(one.began_after, one.handed, one.proved, steps_to_json(one.steps), one.selects),
    ]


def _write_by_model(model: Any, rows: list[list[Any]], using: str) -> None:
    """Write rows with what Django has for every database."""
    has_target = connections[using].features.supports_update_conflicts_with_target
    names = [field.name for field in model._meta.concrete_fields]
    model.objects.using(using).bulk_create(
        [
            model(*[json.dumps(one) if isinstance(one, list) else one for one in row])
            for row in rows
        ],
        update_conflicts=True,
        update_fields=names[1:],
        unique_fields=names[:1] if has_target else None,
    )


_SOCKETS = """
    INSERT INTO realtime_recordedsocket AS known
        (id, process, "user", user_agent, opened_at, ended_at, code, ended_by, latency, proved_at,
         streams)
    SELECT {values} FROM {rows} WHERE true
    ON CONFLICT (id) DO UPDATE SET
        ended_at = excluded.ended_at, code = excluded.code, ended_by = excluded.ended_by,
        latency = excluded.latency, proved_at = excluded.proved_at, streams = excluded.streams
    WHERE excluded.ended_at IS NOT NULL OR known.ended_at IS NULL
"""
_SOCKET_KINDS = "text text text text bigint bigint int text float bigint text"

_FOLLOWINGS = """
    INSERT INTO realtime_recordedfollowing
        (id, socket, stream, since, until, epoch, began_at_offset, handed, proved, steps, selects)
    SELECT {values} FROM {rows} WHERE true
    ON CONFLICT (id) DO UPDATE SET
        until = excluded.until, handed = excluded.handed, proved = excluded.proved,
        steps = excluded.steps
"""
_FOLLOWING_KINDS = "text text text bigint bigint text bigint bigint bigint text boolean"


def _statements(rows: str, value: str) -> dict[Any, str]:
    """Return the statement for each table, of which each ``value`` has a number and a type."""

    def made(statement: str, kinds: str) -> str:
        values = [value.format(at, kind) for at, kind in enumerate(kinds.split())]
        return statement.format(values=", ".join(values), rows=rows)

    return {
        RecordedSocket: made(_SOCKETS, _SOCKET_KINDS),
        RecordedFollowing: made(_FOLLOWINGS, _FOLLOWING_KINDS),
    }


_STATEMENTS = {
    "postgresql": _statements("jsonb_array_elements(%s::jsonb) one(value)", "(value ->> {})::{}"),
    "sqlite": _statements("json_each(%s) one", "json_extract(one.value, '$[{}]')"),
}
