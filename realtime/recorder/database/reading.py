"""Lives and processes, as their rows say."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from realtime.models.recorder import RecordedFollowing, RecordedProcess, RecordedSocket
from realtime.recorder.base import EndedBy, Following, Life, Process
from realtime.recorder.database.times import in_seconds
from realtime.recorder.wire import steps_from_json


def life_in(row: RecordedSocket, over: Sequence[Following]) -> Life:
    """Return a life, with what it has followed until it was ``over``."""
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
        ended_at=in_seconds(row.ended_at),
        code=row.code,
        ended_by=EndedBy(row.ended_by) if row.ended_by else None,
        latency=row.latency,
        proved_at=in_seconds(row.proved_at),
        followings=(*over, *followed_now),
    )


def following_in(row: RecordedFollowing) -> Following:
    """Return what a life has followed until it was over."""
    return Following(
        stream=row.stream,
        epoch=row.epoch,
        since=row.since / 1000,
        began_after=row.began_at_offset,
        handed=row.handed,
        proved=row.proved,
        until=in_seconds(row.until),
        steps=steps_from_json(json.loads(row.steps)),
        selects=row.selects,
    )


def known_processes(ids: Collection[str], using: str) -> dict[str, Process]:
    """Return processes by their ids."""
    rows = RecordedProcess.objects.using(using).filter(id__in=ids)
    return {process.id: process for process in processes_in(rows)}


def processes_in(rows: QuerySet[RecordedProcess]) -> list[Process]:
    """Return processes, and which have died, by the database's clock."""
    left = ExpressionWrapper(F("lease_until") - Now(), output_field=DurationField())
    return [_process(row, row.left.total_seconds()) for row in rows.annotate(left=left)]


def _process(row: RecordedProcess, left: float) -> Process:
    """Return a process whose lease is good for ``left`` seconds more."""
    about = row.id, row.host, row.pid, row.server, row.started_at / 1000
    if row.ended_at is None and left < 0:
        return Process(*about, ended_at=time.time() + left, has_died=True)
    return Process(*about, ended_at=in_seconds(row.ended_at))
