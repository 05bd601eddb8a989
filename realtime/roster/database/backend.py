"""The backend in the project's database, on PostgreSQL or SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections, router

from realtime.concurrency.connections import close_unusable
from realtime.eventlog.database.heads import short_transaction
from realtime.models.presence import Attendance, PresenceMember
from realtime.roster.base import (
    Announce,
    Holder,
    Leave,
    Member,
    Notice,
    OpenSocket,
    PresenceBackend,
    Present,
    Swept,
    new_id,
)
from realtime.roster.database import due, locks, membership, notices, reading, settling

BUSY = 0.2
"""Seconds until another sweep where another process has begun with a stream."""


class DatabasePresence(PresenceBackend):
    """Keeps who is there in the tables of ``realtime.models``, in the database of its router."""

    def write(
        self, process: str, lease: float, joins: Sequence[Member], leaves: Sequence[Leave]
    ) -> bool:
        size = membership.BATCH
        if not joins and not leaves:
            return membership.renew(process, lease, self._using)
        for start in range(0, len(leaves), size):
            if not self._change(process, lease, (), leaves[start : start + size]):
                return False
        batches = (joins[start : start + size] for start in range(0, len(joins), size))
        return all(self._change(process, lease, batch, ()) for batch in batches)

    def replace(self, process: str, lease: float, members: Sequence[Member], grace: float) -> None:
        using = self._using
        membership.register(process, lease, using)
        gone = set(membership.members_of(process, using)) - set(members)
        if not self.write(process, lease, members, [Leave(member, grace) for member in gone]):
            self.replace(process, lease, members, grace)

    def sweep(self, grace: float, notice_users: bool) -> Swept:
        using = self._using
        found = due.look(using)
        if not found.has_changes:
            return Swept(found.has_notices, found.next_due)
        membership.take_over(grace, using)
        settling.settle(notice_users, using)
        locks.prune(using)
        found = due.look(using)
        return Swept(found.has_notices, BUSY if found.has_changes else found.next_due)

    def pending(self) -> Sequence[str]:
        return notices.pending(self._using)

    def deliver(self, notice: str, announce: Announce) -> bool:
        return notices.deliver(notice, announce, self._using)

    def present(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        return reading.present(streams, self._using)

    def listed(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        return reading.listed(streams, self._using)

    def attending(self, stream: str, users: Sequence[str]) -> set[str]:
        return reading.attending(stream, users, self._using)

    def sockets_of(self, users: Sequence[str]) -> dict[str, list[OpenSocket]]:
        return reading.sockets_of(users, self._using)

    def update(self, stream: str, user: str, meta: dict[str, Any]) -> str | None:
        using, text = self._using, membership.stored_meta(meta)
        attendances = Attendance.objects.using(using).filter(stream=stream, user=user)
        with short_transaction(using):
            if not attendances.exclude(meta=text).update(meta=text):
                return None
            changed = attendances.get()
            if not changed.is_announced:
                return None
            entry = settling.entry(user, reading.in_utc(changed.since, using), text)
            notice = Notice(new_id(), stream, update=[entry])
            notices.add_notices([notice], using)
            return notice.id

    def lock(self, name: str, holder: Holder) -> bool:
        return locks.take(name, holder, self._using)

    def unlock(self, name: str, holder: Holder) -> bool:
        return locks.give_back(name, holder, self._using)

    def holders(self, names: Sequence[str]) -> dict[str, Holder]:
        return locks.holders(names, self._using)

    @property
    def _using(self) -> str:
        """The database, whose connection is made again if an error has left it unusable."""
        using = router.db_for_write(PresenceMember)
        close_unusable(connections[using])
        return using

    def _change(
        self, process: str, lease: float, joins: Sequence[Member], leaves: Sequence[Leave]
    ) -> bool:
        using = self._using
        with short_transaction(using):
            if not membership.renew(process, lease, using):
                return False
            membership.leave(leaves, using)
            membership.join(process, joins, using)
            return True
