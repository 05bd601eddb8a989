"""The backend in the project's database."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connections, router
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from realtime.concurrency.connections import close_unusable
from realtime.eventlog.database.batches import remove_in_batches
from realtime.models.recorder import RecordedFollowing, RecordedProcess, RecordedSocket
from realtime.recorder.base import EndedBy, Following, Life, Process, RecorderBackend
from realtime.recorder.reading import as_of, follows, overlaps
from realtime.recorder.wire import steps_from_json, steps_to_json

__all__ = ["DatabaseRecorder"]

BATCH = 500
"""Lives that one statement removes."""


class DatabaseRecorder(RecorderBackend):
    """Keeps lives in the tables of ``realtime.models``, in the database of its router."""

    def write(
        self, process: Process, lease: float, opened: Sequence[Life], ended: Sequence[Life]
    ) -> None:
        using = self._using
        _renew(process, lease, using)
        for lives in (opened, ended):
            if lives:
                _write(lives, using)

    def stop(self, process: str) -> None:
        processes = RecordedProcess.objects.using(self._using)
        processes.filter(id=process, ended_at=None).update(ended_at=_ms(time.time()))

    def processes(self, since: float) -> Sequence[Process]:
        known = _processes(RecordedProcess.objects.using(self._using).order_by("started_at"))
        return [one for one in known if one.ended_at is None or one.ended_at >= since]

    def followers(self, stream: str, begin: float, end: float) -> Sequence[Life]:
        using = self._using
        over = RecordedFollowing.objects.using(using).filter(
            stream=stream, until__gte=_ms(begin), since__lte=_ms(end)
        )
        is_open = Q(ended_at=None, streams__contains=json.dumps(stream))
        lives = self._lives(Q(id__in=over.values("socket")) | is_open, over)
        return [one for life in lives if (one := follows(life, stream, begin, end)) is not None]

    def lives_of(self, user: str, begin: float, end: float) -> Sequence[Life]:
        lives = self._lives(Q(user=user, opened_at__lte=_ms(end)))
        return [life for life in lives if overlaps(life, begin, end)]

    def open_lives(self, after: str, limit: int) -> Sequence[Life]:
        alive = RecordedProcess.objects.using(self._using).filter(
            ended_at=None, lease_until__gte=Now()
        )
        wanted = Q(ended_at=None, id__gt=after, process__in=alive.values("id"))
        return self._lives(wanted, limit=limit)

    def prune(self, age: float) -> int:
        using = self._using
        oldest = time.time() - age
        dead = RecordedProcess.objects.using(using).filter(
            lease_until__lt=Now() - timedelta(seconds=age)
        )
        left = Q(ended_at=None, process__in=dead.values("id"))
        old = RecordedSocket.objects.using(using).filter(Q(ended_at__lt=_ms(oldest)) | left)
        followings = RecordedFollowing.objects.using(using)
        remove_in_batches(followings.filter(socket__in=old.values("id")))
        followed = followings.filter(socket=OuterRef("id"))
        removed = remove_in_batches(old.filter(~Exists(followed)))
        served = RecordedSocket.objects.using(using).filter(process=OuterRef("id"))
        remove_in_batches(dead.filter(~Exists(served)))
        return removed

    @property
    def _using(self) -> str:
        """The database, whose connection is made again if an error has left it unusable."""
        using = router.db_for_write(RecordedSocket)
        close_unusable(connections[using])
        return using

    def _lives(
        self,
        wanted: Q,
        followings: QuerySet[RecordedFollowing] | None = None,
        limit: int | None = None,
    ) -> list[Life]:
        """Return lives in the order of their ids, with these followings or with all."""
        using = self._using
        rows = list(RecordedSocket.objects.using(using).filter(wanted).order_by("id")[:limit])
        if followings is None:
            ids = [row.id for row in rows]
            followings = RecordedFollowing.objects.using(using).filter(socket__in=ids)
        of_socket: dict[str, list[Following]] = defaultdict(list)
        for one in followings.order_by("since"):
            of_socket[one.socket].append(_following(one))
        processes = _known({row.process for row in rows}, using)
        return [as_of(_life(row, of_socket[row.id]), processes.get(row.process)) for row in rows]


def _renew(process: Process, lease: float, using: str) -> None:
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


def _write(lives: Sequence[Life], using: str) -> None:
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
        *(life.socket, life.process, life.user or "", life.user_agent, _ms(life.opened_at)),
        *(_ms(life.ended_at), life.code, life.ended_by or "", life.latency, _ms(life.proved_at)),
        _followed_now(life),
    ]


def _followed_now(life: Life) -> list[list[Any]]:
    """Return what a life follows that is not over: rows are for what has ended."""
    followed = [one for one in life.followings if one.until is None and life.ended_at is None]
    return [
        [one.stream, one.epoch, _ms(one.since), one.began_after, one.selects] for one in followed
    ]


def _over(life: Life) -> Iterable[Following]:
    return (one for one in life.followings if life.ended_at is not None or one.until is not None)


def _following_row(life: Life, one: Following) -> list[Any]:
    since, until = _ms(one.since), _ms(life.ended_at if one.until is None else one.until)
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


def _life(row: RecordedSocket, over: Sequence[Following]) -> Life:
    followed_now = [
        Following(stream, epoch, since / 1000, after, after, after, selects=selects)
        for stream, epoch, since, after, selects in json.loads(row.streams or "[]")
    ]
    return Life(
        socket=row.id,
        process=row.process,
        user=row.user or None,
        user_agent=row.user_agent,
        opened_at=row.opened_at / 1000,
        ended_at=_seconds(row.ended_at),
        code=row.code,
        ended_by=EndedBy(row.ended_by) if row.ended_by else None,
        latency=row.latency,
        proved_at=_seconds(row.proved_at),
        followings=(*over, *followed_now),
    )


def _following(row: RecordedFollowing) -> Following:
    return Following(
        stream=row.stream,
        epoch=row.epoch,
        since=row.since / 1000,
        began_after=row.began_at_offset,
        handed=row.handed,
        proved=row.proved,
        until=_seconds(row.until),
        steps=steps_from_json(json.loads(row.steps)),
        selects=row.selects,
    )


def _known(ids: Collection[str], using: str) -> dict[str, Process]:
    rows = RecordedProcess.objects.using(using).filter(id__in=ids)
    return {process.id: process for process in _processes(rows)}


def _processes(rows: QuerySet[RecordedProcess]) -> list[Process]:
    left = ExpressionWrapper(F("lease_until") - Now(), output_field=DurationField())
    return [_process(row, row.left.total_seconds()) for row in rows.annotate(left=left)]


def _process(row: RecordedProcess, left: float) -> Process:
    """Return a process whose lease is good for ``left`` seconds more."""
    about = row.id, row.host, row.pid, row.server, row.started_at / 1000
    if row.ended_at is None and left < 0:
        return Process(*about, ended_at=time.time() + left, has_died=True)
    return Process(*about, ended_at=_seconds(row.ended_at))


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
