"""Turns joins and leaves that are due into notices; one process at a time does it for a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from realtime.eventlog.database.heads import short_transaction
from realtime.models import Attendance, PresenceMember
from realtime.roster.base import ONLINE, Notice, new_id
from realtime.roster.database.claims import claim
from realtime.roster.database.membership import free_locks_of_users
from realtime.roster.database.notices import add_notices

BATCH = 500
"""Users whose joins or leaves one transaction settles."""

STREAMS = 1000
"""Streams that one sweep settles."""


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
        joined = _announced(users)
        left, seen = _left(users.exclude(id__in=[one.id for one in joined]), using)
        is_empty = not users.filter(is_announced=True).exists()
        notice = Notice(
            new_id(),
            stream,
            [entry(one) for one in joined],
            [entry(one) for one in left],
            first=was_empty and not is_empty,
            last=is_empty and not was_empty,
        )
        add_notices(_notices(notice, notice_users), using)
        if stream == ONLINE:
            free_locks_of_users([one.user for one in left], using)
    return len(joined) == BATCH or seen == BATCH


def entry(attendance: Attendance) -> dict[str, Any]:
    """Return what a notice says of a user."""
    since = round(attendance.since.timestamp() * 1000)
    return {"user": attendance.user, "meta": json.loads(attendance.meta), "since": since}


def _announced(users: QuerySet[Attendance]) -> list[Attendance]:
    joined = list(
        users.filter(is_announced=False).order_by("id").select_for_update(skip_locked=True)[:BATCH]
    )
    if joined:
        users.filter(id__in=[one.id for one in joined]).update(is_announced=True)
    return joined


def _left(users: QuerySet[Attendance], using: str) -> tuple[list[Attendance], int]:
    """Delete those who are due and have no member; returns them, and how many were due.

    Members are read after the rows are locked: those who came before that are seen, and those who
    come later wait, and then join.
    """
    due = list(
        users.filter(is_announced=True, due_at__lte=Now())
        .order_by("id")
        .select_for_update(skip_locked=True)[:BATCH]
    )
    if not due:
        return [], 0
    members = PresenceMember.objects.using(using).filter(stream=due[0].stream)
    there = set(members.filter(user__in=[one.user for one in due]).values_list("user", flat=True))
    users.filter(id__in=[one.id for one in due if one.user in there]).update(due_at=None)
    left = [one for one in due if one.user not in there]
    users.filter(id__in=[one.id for one in left]).delete()
    return left, len(due)


def _notices(notice: Notice, notice_users: bool) -> Iterable[Notice]:
    """Return what is to be announced: of users who come online or go offline one by one."""
    if notice.stream != ONLINE:
        return [notice] if notice.join or notice.leave else []
    if not notice_users:
        return []
    joined = [Notice(new_id(), ONLINE, join=[one]) for one in notice.join]
    return joined + [Notice(new_id(), ONLINE, leave=[one]) for one in notice.leave]
