"""The backend in the project's database."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

from django.db import connections, router
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from realtime.concurrency.connections import close_unusable
from realtime.concurrency.removal import remove_unlocked
from realtime.eventlog.database.heads import short_transaction
from realtime.models import RecordedFollowing, RecordedProcess, RecordedSocket
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
        lives = {life.socket: life for life in (*opened, *ended)}.values()
        followings = [(life, one) for life in (*opened, *ended) for one in life.followings]
        _renew(process, lease, using)
        rows = {row[0]: row for row in (_following_row(*pair) for pair in followings)}
        _insert(RecordedFollowing, list(rows.values()), using)
        _insert(RecordedSocket, [_socket_row(life) for life in lives], using)

    def stop(self, process: str) -> None:
        processes = RecordedProcess.objects.using(self._using)
        processes.filter(id=process, ended_at=None).update(ended_at=_ms(time.time()))

    def processes(self, since: float) -> Sequence[Process]:
        known = _processes(RecordedProcess.objects.using(self._using).order_by("started_at"))
        return [one for one in known if one.ended_at is None or one.ended_at >= since]

    def followers(self, stream: str, begin: float, end: float) -> Sequence[Life]:
        followings = RecordedFollowing.objects.using(self._using)
        wanted = Q(until=None) | Q(until__gte=_ms(begin))
        found = followings.filter(wanted, stream=stream, since__lte=_ms(end))
        lives = self._lives({"id__in": found.values("socket")}, found)
        return [one for life in lives if (one := follows(life, stream, begin, end)) is not None]

    def lives_of(self, user: str, begin: float, end: float) -> Sequence[Life]:
        lives = self._lives({"user": user, "opened_at__lte": _ms(end)})
        return [life for life in lives if overlaps(life, begin, end)]

    def open_lives(self, after: str, limit: int) -> Sequence[Life]:
        alive = RecordedProcess.objects.using(self._using).filter(
            ended_at=None, lease_until__gte=Now()
        )
        wanted = {"ended_at": None, "id__gt": after, "process__in": alive.values("id")}
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
        _remove(followings.filter(socket__in=old.values("id")))
        followed = followings.filter(socket=OuterRef("id"))
        removed = _remove(old.filter(~Exists(followed)))
        served = RecordedSocket.objects.using(using).filter(process=OuterRef("id"))
        _remove(dead.filter(~Exists(served)))
        return removed

    @property
    def _using(self) -> str:
        """The database, whose connection is made again if an error has left it unusable."""
        using = router.db_for_write(RecordedSocket)
        close_unusable(connections[using])
        return using

    def _lives(
        self,
        wanted: dict[str, Any],
        followings: QuerySet[RecordedFollowing] | None = None,
        limit: int | None = None,
    ) -> list[Life]:
        """Return lives in the order of their ids, with these followings or with all."""
        using = self._using
        rows = list(RecordedSocket.objects.using(using).filter(**wanted).order_by("id")[:limit])
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


Column = Callable[[int, str | None], str]
"""SQL for one value of a row."""


def _insert(model: Any, rows: list[list[Any]], using: str) -> None:
    """Insert rows, or change what is there: one statement with one value, which costs little."""
    connection = connections[using]
    fields = model._meta.concrete_fields
    if not rows:
        return
    if connection.vendor not in _FROM_JSON:
        _insert_by_model(model, rows, using)
        return
    quote, column = connection.ops.quote_name, _FROM_JSON[connection.vendor]
    names = [quote(field.column) for field in fields]
    values = [column(index, field.db_type(connection)) for index, field in enumerate(fields)]
    sql = _INSERT.format(
        table=quote(model._meta.db_table),
        columns=", ".join(names),
        values=", ".join(values),
        rows=_ROWS[connection.vendor],
        changes=", ".join(f"{name} = excluded.{name}" for name in names[1:]),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(rows)])


def _insert_by_model(model: Any, rows: list[list[Any]], using: str) -> None:
    names = [field.attname for field in model._meta.concrete_fields]
    has_target = connections[using].features.supports_update_conflicts_with_target
    model.objects.using(using).bulk_create(
        [model(**dict(zip(names, row, strict=True))) for row in rows],
        update_conflicts=True,
        update_fields=names[1:],
        unique_fields=names[:1] if has_target else None,
    )


_INSERT = """
    INSERT INTO {table} ({columns}) SELECT {values} FROM {rows} WHERE true
    ON CONFLICT (id) DO UPDATE SET {changes}
"""

_ROWS = {
    "postgresql": "json_array_elements(%s::json) one(value)",
    "sqlite": "json_each(%s) one",
}

_FROM_JSON: dict[str, Column] = {
    "postgresql": lambda index, kind: f"(value ->> {index})::{kind}",
    "sqlite": lambda index, kind: f"json_extract(one.value, '$[{index}]')",
}


def _socket_row(life: Life) -> list[Any]:
    return [
        *(life.socket, life.process, life.user or "", life.user_agent, _ms(life.opened_at)),
        *(_ms(life.ended_at), life.code, life.ended_by or "", life.latency, _ms(life.proved_at)),
    ]


def _following_row(life: Life, one: Following) -> list[Any]:
    since = _ms(one.since)
    return [
        *(f"{life.socket}/{one.stream}/{since}", life.socket, one.stream, since, _ms(one.until)),
        *(one.epoch, one.began_after, one.handed, one.proved),
        *(json.dumps(steps_to_json(one.steps), separators=(",", ":")), one.selects),
    ]


def _life(row: RecordedSocket, followings: Sequence[Following]) -> Life:
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
        followings=tuple(followings),
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


def _remove(rows: QuerySet[Any]) -> int:
    removed = 0
    while True:
        with short_transaction(rows.db):
            batch = remove_unlocked(rows, BATCH)
        removed += batch
        if batch < BATCH:
            return removed


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
