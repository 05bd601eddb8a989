"""Turns joins and leaves that are due into notices; one process at a time does it for a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from realtime.eventlog.database.heads import short_transaction
from realtime.models.presence import Attendance, PresenceMember
from realtime.roster.base import ONLINE, Notice, new_id
from realtime.roster.database.claims import claim
from realtime.roster.database.membership import free_locks_of_users
from realtime.roster.database.notices import add_notices
from realtime.roster.database.reading import in_utc

BATCH = 500
"""Users whose joins or leaves one transaction settles."""

STREAMS = 1000
"""Streams that one sweep settles."""


class Row(NamedTuple):
    """What is needed of an attendance; a model would take three times the time."""

    id: int
    user: str
    since: datetime
    meta: str


def settle(notice_users: bool, using: str) -> None:
    """Settle all streams in which something is due."""
    due = Attendance.objects.using(using).filter(Q(is_announced=False) | Q(due_at__lte=Now()))
    for stream in list(due.values_list("stream", flat=True).distinct()[:STREAMS]):
        while settle_stream(stream, notice_users, using):
            pass


def settle_stream(stream: str, notice_users: bool, using: str) -> bool:
    """Settle a batch of a stream's joins and leaves; returns whether there may be more."""
    with short_transaction(using):
        if not claim(f"stream {stream}", using):
            return False
        users = Attendance.objects.using(using).filter(stream=stream)
        was_empty = not users.filter(is_announced=True).exists()
        due = _locked(users.filter(is_announced=True, due_at__lte=Now()))
        joined = _announce(users)
        left = _remove(due, users, stream, using)
        is_empty = not users.filter(is_announced=True).exists()
        first, last = was_empty and not is_empty, is_empty and not was_empty
        join, leave = _entries(joined, using), _entries(left, using)
        notice = Notice(new_id(), stream, join, leave, first=first, last=last)
        add_notices(_notices(notice, notice_users), using)
        if stream == ONLINE and left:
            free_locks_of_users([one.user for one in left], using)
    return BATCH in (len(joined), len(due))


def _locked(users: QuerySet[Attendance]) -> list[Row]:
    """Lock a batch, but nobody whom a process is writing about at the moment."""
    free = users.order_by("id").select_for_update(skip_locked=True)
    return [Row(*row) for row in free.values_list("id", "user", "since", "meta")[:BATCH]]


def _announce(users: QuerySet[Attendance]) -> list[Row]:
    joined = _locked(users.filter(is_announced=False))
    if joined:
        users.filter(id__in=[one.id for one in joined]).update(is_announced=True)
    return joined


def _remove(due: list[Row], users: QuerySet[Attendance], stream: str, using: str) -> list[Row]:
    """Delete those of the users who are due who have no member; returns them.

    Members are read after the rows are locked: those who came before that are seen, and those who
    come later wait, and then join.
    """
    if not due:
        return []
    members = PresenceMember.objects.using(using).filter(stream=stream)
    there = set(members.filter(user__in=[one.user for one in due]).values_list("user", flat=True))
    users.filter(id__in=[one.id for one in due if one.user in there]).update(due_at=None)
    left = [one for one in due if one.user not in there]
    users.filter(id__in=[one.id for one in left]).delete()
    return left


def _entries(rows: Iterable[Row], using: str) -> list[dict[str, Any]]:
    return [entry(row.user, in_utc(row.since, using), row.meta) for row in rows]


def _notices(notice: Notice, notice_users: bool) -> Iterable[Notice]:
    """Return what is to be announced: of users who come online or go offline one by one."""
    if notice.stream != ONLINE:
        return [notice] if notice.join or notice.leave else []
    if not notice_users:
        return []
    joined = [Notice(new_id(), ONLINE, join=[one]) for one in notice.join]
    return joined + [Notice(new_id(), ONLINE, leave=[one]) for one in notice.leave]


def entry(user: str, since: datetime, meta: str) -> dict[str, Any]:
    """Return what a notice says of a user; ``since`` is aware."""
    known = {} if meta == "{}" else json.loads(meta)
    return {"user": user, "meta": known, "since": round(since.timestamp() * 1000)}
