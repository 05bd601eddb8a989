"""The backend in the project's database."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import connections, router
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from realtime.concurrency.connections import close_unusable
from realtime.eventlog.database.batches import remove_in_batches
from realtime.models.recorder import RecordedFollowing, RecordedProcess, RecordedSocket
from realtime.recorder.base import Following, Life, Process, RecorderBackend
from realtime.recorder.database.reading import (
    following_in,
    known_processes,
    life_in,
    processes_in,
)
from realtime.recorder.database.times import in_ms
from realtime.recorder.database.writing import renew, write
from realtime.recorder.reading import as_of, follows, overlaps


class DatabaseRecorder(RecorderBackend):
    """Keeps lives in the tables of ``realtime.models``, in the database of its router."""

    def write(
        self, process: Process, lease: float, opened: Sequence[Life], ended: Sequence[Life]
    ) -> None:
        using = self._using
        renew(process, lease, using)
        for lives in (opened, ended):
            if lives:
                write(lives, using)

    def stop(self, process: str) -> None:
        processes = RecordedProcess.objects.using(self._using)
        processes.filter(id=process, ended_at=None).update(ended_at=in_ms(time.time()))

    def processes(self, since: float) -> Sequence[Process]:
        known = processes_in(RecordedProcess.objects.using(self._using).order_by("started_at"))
        return [one for one in known if one.ended_at is None or one.ended_at >= since]

    def followers(self, stream: str, begin: float, end: float) -> Sequence[Life]:
        using = self._using
        over = RecordedFollowing.objects.using(using).filter(
            stream=stream, until__gte=in_ms(begin), since__lte=in_ms(end)
        )
        is_open = Q(ended_at=None, streams__contains=json.dumps(stream))
        lives = self._lives(Q(id__in=over.values("socket")) | is_open, over)
        return [one for life in lives if (one := follows(life, stream, begin, end)) is not None]

    def lives_of(self, user: str, begin: float, end: float) -> Sequence[Life]:
        lives = self._lives(Q(user=user, opened_at__lte=in_ms(end)))
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
        old = RecordedSocket.objects.using(using).filter(Q(ended_at__lt=in_ms(oldest)) | left)
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
            of_socket[one.socket].append(following_in(one))
        processes = known_processes({row.process for row in rows}, using)
        return [as_of(life_in(row, of_socket[row.id]), processes.get(row.process)) for row in rows]
