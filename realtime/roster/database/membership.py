"""The rows of processes, their members, and until when users may come back.

A process's row is locked while it writes, so that its lease can't be taken away in the middle.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db import connections
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Now

from realtime.concurrency.removal import remove_unlocked
from realtime.eventlog.database.heads import short_transaction
from realtime.models.presence import Attendance, PresenceLock, PresenceMember, PresenceProcess
from realtime.roster.base import ONLINE, Leave, Member
from realtime.roster.database.claims import claim

BATCH = 500
"""Members that one transaction writes."""

Pair = tuple[str, str]
"""A stream and a user."""


def renew(process: str, lease: float, using: str) -> bool:
    """Renew a lease; returns False if it is gone."""
    known = PresenceProcess.objects.using(using).filter(id=process)
    return bool(known.update(lease_until=Now() + timedelta(seconds=lease)))


def register(process: str, lease: float, using: str) -> None:
    """Give a process a lease, whether it has one or not."""
    until = Now() + timedelta(seconds=lease)
    PresenceProcess.objects.using(using).bulk_create(
        [PresenceProcess(id=process, lease_until=until)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["lease_until"],
    )


def member_id(socket: str, stream: str) -> str:
    """Return the key of a member's row."""
    return f"{socket}/{stream}"


def stored_meta(meta: dict[str, Any]) -> str:
    """Return ``meta`` as its column holds it: the same text for the same object."""
    return json.dumps(meta, sort_keys=True)


def members_of(process: str, using: str) -> list[Member]:
    """Return the members of a process."""
    rows = PresenceMember.objects.using(using).filter(process=process)
    return [Member(*row) for row in rows.values_list("socket", "stream", "user", "since")]


def join(process: str, members: Sequence[Member], using: str) -> None:
    """Write members, and that their users are not leaving.

    Not through models: that takes five times the CPU, and thousands may come back together.
    """
    if not members:
        return
    rows = [
        (member_id(one.socket, one.stream), process, one.socket, one.stream, one.user, one.since)
        for one in members
    ]
    _insert(_MEMBERS, rows, using)
    first = {(member.stream, member.user): member.meta for member in reversed(members)}
    metas = [(*pair, stored_meta(json.loads(first[pair])), False) for pair in sorted(first)]
    _insert(_ATTENDANCES, metas, using)


def leave(leaves: Sequence[Leave], using: str) -> None:
    """Delete members; their users may come back within the grace."""
    members = [gone.member for gone in leaves]
    _delete(members, using)
    ids = _locked({(member.stream, member.user) for member in members}, using)
    for grace, group in groupby(sorted(leaves, key=lambda one: one.grace), lambda one: one.grace):
        pairs = {(gone.member.stream, gone.member.user) for gone in group}
        _set_due([ids[pair] for pair in pairs if pair in ids], grace, using)


def take_over(grace: float, using: str) -> None:
    """End the processes whose lease has run out; their members leave."""
    expired = PresenceProcess.objects.using(using).filter(lease_until__lt=Now())
    if not expired.exists():
        return
    with short_transaction(using):
        if not claim("processes", using):
            return
        ended = list(expired.select_for_update(skip_locked=True).values_list("id", flat=True))
        members = PresenceMember.objects.using(using).filter(process__in=ended)
        _set_due(_locked_of(ended, using), grace, using)
        sockets = members.filter(stream=ONLINE).values_list("socket", flat=True)
        free_locks_of(list(sockets), using)
        members.delete()
        PresenceProcess.objects.using(using).filter(id__in=ended).delete()


def free_locks_of(sockets: Iterable[str], using: str) -> None:
    """Free the locks of sockets that have ended, but not wait for one that is being taken."""
    held = PresenceLock.objects.using(using).filter(socket__in=list(sockets)).exclude(socket="")
    remove_unlocked(held)


def free_locks_of_users(users: Iterable[str], using: str) -> None:
    """Free the locks of users who have gone offline."""
    held = PresenceLock.objects.using(using).filter(user__in=list(users)).exclude(user="")
    remove_unlocked(held)


def _insert(statement: str, rows: Sequence[tuple[Any, ...]], using: str) -> None:
    row = f"({', '.join(['%s'] * len(rows[0]))})"
    with connections[using].cursor() as cursor:
        values = ", ".join([row] * len(rows))
        cursor.execute(statement.format(values=values), [value for one in rows for value in one])


def _delete(members: Sequence[Member], using: str) -> None:
    ids = [member_id(member.socket, member.stream) for member in members]
    PresenceMember.objects.using(using).filter(id__in=ids).delete()
    free_locks_of([one.socket for one in members if one.stream == ONLINE], using)


def _set_due(attendances: Sequence[int], grace: float, using: str) -> None:
    """Let users come back until the grace is over; a longer one, of another socket, stays."""
    # SQLite writes a sum with more digits than the time, and compares them as text.
    until = Now() + timedelta(seconds=grace) if grace else Now()
    for start in range(0, len(attendances), BATCH):
        batch = Attendance.objects.using(using).filter(id__in=attendances[start : start + BATCH])
        batch.update(due_at=Greatest(Coalesce(F("due_at"), until), until))


def _locked(pairs: Collection[Pair], using: str) -> dict[Pair, int]:
    """Lock the attendances that there are, and return their ids."""
    if not pairs:
        return {}
    wanted = ", ".join(["(%s, %s)"] * len(pairs))
    parts = [part for pair in pairs for part in pair]
    rows = _lock(_PAIRS.format(wanted=wanted), parts, using)
    return {(stream, user): id for id, stream, user in rows}


def _locked_of(processes: Sequence[str], using: str) -> list[int]:
    if not processes:
        return []
    select = _OF_PROCESSES.format(ids=", ".join(["%s"] * len(processes)))
    return [id for id, _, _ in _lock(select, processes, using)]


def _lock(select: str, parameters: Sequence[str], using: str) -> list[tuple[int, str, str]]:
    connection = connections[using]
    lock = _IN_ORDER if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(select + lock, parameters)
        return list(cursor.fetchall())


_MEMBERS = """
    INSERT INTO realtime_presencemember (id, process, socket, stream, "user", since)
    VALUES {values}
    ON CONFLICT (id) DO UPDATE
    SET process = EXCLUDED.process, "user" = EXCLUDED."user", since = EXCLUDED.since
"""

# A row that is not leaving stays as it is, but is locked all the same.
_ATTENDANCES = """
    INSERT INTO realtime_attendance (stream, "user", meta, is_announced)
    VALUES {values}
    ON CONFLICT (stream, "user") DO UPDATE SET due_at = NULL
    WHERE realtime_attendance.due_at IS NOT NULL
"""

_PAIRS = """
    SELECT id, stream, "user" FROM realtime_attendance
    WHERE (stream, "user") IN (VALUES {wanted})
"""

_OF_PROCESSES = """
    SELECT id, stream, "user" FROM realtime_attendance
    WHERE (stream, "user") IN (
        SELECT stream, "user" FROM realtime_presencemember WHERE process IN ({ids})
    )
"""

# All lock in the order of sorted() in Python, in which rows are inserted too: with one order none
# waits for another in a circle. The id won't do, which a new row has not got yet.
_IN_ORDER = """
    ORDER BY stream COLLATE "C", "user" COLLATE "C"
    FOR UPDATE
"""
