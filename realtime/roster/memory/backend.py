"""The backend in this process's memory: the reference, and one for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from realtime.concurrency.threads import nonblocking
from realtime.conf import realtime_settings
from realtime.roster.base import (
    ONLINE,
    Announce,
    Holder,
    Leave,
    Member,
    OpenSocket,
    PresenceBackend,
    Present,
    Swept,
)
from realtime.roster.memory.attendances import Attendances
from realtime.roster.memory.locks import Locks
from realtime.roster.memory.notices import Notices


class MemoryPresence(PresenceBackend):
    """Knows the sockets of this process alone, those of all its event loops."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._leases: dict[str, float] = {}
        """Until when each process has one, in seconds by this process's clock."""
        self._members: dict[str, dict[tuple[str, str], Member]] = {}
        """By process, then by socket and stream."""
        self._attendances = Attendances()
        self._notices = Notices()
        self._locks = Locks(self._is_there)

    @nonblocking
    def write(
        self, process: str, lease: float, joins: Sequence[Member], leaves: Sequence[Leave]
    ) -> bool:
        with self._guard:
            if process not in self._leases:
                return False
            now = time.time()
            self._leases[process] = now + lease
            for leave in leaves:
                self._leave(process, leave, now)
            for member in joins:
                self._members[process][member.socket, member.stream] = member
                self._attendances.join(member, now)
            return True

    @nonblocking
    def replace(self, process: str, lease: float, members: Sequence[Member], grace: float) -> None:
        with self._guard:
            self._leases[process] = 0.0
            known = self._members.setdefault(process, {})
            gone = known.keys() - {(member.socket, member.stream) for member in members}
            self.write(process, lease, members, [Leave(known[one], grace) for one in gone])

    @nonblocking
    def sweep(self, grace: float, notice_users: bool) -> Swept:
        with self._guard:
            now = time.time()
            self._end_leases(grace, now)
            for notice in self._attendances.settle(now):
                if notice.stream != ONLINE or notice_users:
                    self._notices.add([notice])
                if notice.stream == ONLINE:
                    for entry in notice.leave:
                        self._locks.free(Holder(entry["user"]))
            self._locks.prune(now)
            due = self._attendances.next_due()
            return Swept(len(self._notices) > 0, None if due is None else max(0.0, due - now))

    @nonblocking
    def pending(self) -> Sequence[str]:
        return self._notices.pending()

    def deliver(self, notice: str, announce: Announce) -> bool:
        return self._notices.deliver(notice, announce)

    @nonblocking
    def present(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        with self._guard:
            now = self._now()
            return {name: self._attendances.present(name, now) for name in streams}

    @nonblocking
    def listed(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        with self._guard:
            return {name: self._attendances.listed(name) for name in streams}

    @nonblocking
    def attending(self, stream: str, users: Sequence[str]) -> set[str]:
        with self._guard:
            now = self._now()
            return {user for user in users if self._attendances.has(stream, user, now)}

    @nonblocking
    def sockets_of(self, users: Sequence[str]) -> dict[str, list[OpenSocket]]:
        with self._guard:
            self._now()
            return {user: self._attendances.sockets_of(user) for user in users}

    @nonblocking
    def update(self, stream: str, user: str, meta: dict[str, Any]) -> str | None:
        with self._guard:
            notice = self._attendances.update(stream, user, meta)
            if notice is None:
                return None
            self._notices.add([notice])
            return notice.id

    @nonblocking
    def lock(self, name: str, holder: Holder) -> bool:
        with self._guard:
            return self._locks.take(name, holder, self._now())

    @nonblocking
    def unlock(self, name: str, holder: Holder) -> bool:
        with self._guard:
            return self._locks.give_back(name, holder, self._now())

    @nonblocking
    def holders(self, names: Sequence[str]) -> dict[str, Holder]:
        with self._guard:
            now = self._now()
            found = {name: self._locks.holder(name, now) for name in names}
            return {name: self._named(holder) for name, holder in found.items() if holder}

    def _leave(self, process: str, leave: Leave, now: float) -> None:
        member = leave.member
        self._members[process].pop((member.socket, member.stream), None)
        self._attendances.leave(leave, now)
        if member.stream == ONLINE:
            self._locks.free(Holder(None, member.socket))

    def _now(self) -> float:
        """Return the time, after the processes that have no lease any more have gone."""
        now = time.time()
        self._end_leases(realtime_settings().OFFLINE_AFTER, now)
        return now

    def _end_leases(self, grace: float, now: float) -> None:
        for process in [name for name, until in self._leases.items() if until < now]:
            ended_at = self._leases.pop(process)
            for member in list(self._members[process].values()):
                self._leave(process, Leave(member, grace), ended_at)
            del self._members[process]

    def _is_there(self, holder: Holder, now: float) -> bool:
        """Tell whether a user is online, or whose open socket it is."""
        if holder.socket is not None:
            return self._named(holder).user is not None
        return self._attendances.has(ONLINE, holder.user or "", now)

    def _named(self, holder: Holder) -> Holder:
        """Add whose socket it is that holds a lock, where that is known."""
        if holder.socket is None:
            return holder
        owners = (
            members[holder.socket, ONLINE].user
            for members in self._members.values()
            if (holder.socket, ONLINE) in members
        )
        return Holder(next(owners, None), holder.socket)
