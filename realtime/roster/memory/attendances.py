"""Who attends which stream, in memory; all times are in seconds, and arguments."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from realtime.roster.base import ONLINE, Leave, Member, Notice, OpenSocket, Present, new_id

Key = tuple[str, str]
"""A stream and a user."""


@dataclass
class Attendance:
    """A user in a stream."""

    since: float
    meta: dict[str, Any] = field(default_factory=dict)
    is_announced: bool = False
    due: float | None = None
    """When the user has left if no member is there; None while one surely is."""
    members: dict[str, Member] = field(default_factory=dict)
    """By socket."""

    def has_left(self, now: float) -> bool:
        """Tell whether the grace is over and nobody has come."""
        return self.due is not None and self.due <= now and not self.members


class Attendances:
    """Those of all streams."""

    def __init__(self) -> None:
        self._streams: dict[str, dict[str, Attendance]] = {}
        self._new: dict[Key, None] = {}
        """Those whose join is to be announced, in order; a sweep looks only at what changes."""
        self._leaving: dict[Key, None] = {}
        self._announced: Counter[str] = Counter()
        """How many of each stream's are announced."""

    def join(self, member: Member, now: float) -> None:
        """Note that a member came."""
        users, key = self._streams.setdefault(member.stream, {}), (member.stream, member.user)
        if member.user not in users:
            users[member.user] = Attendance(now, json.loads(member.meta))
            self._new[key] = None
        attendance = users[member.user]
        attendance.members[member.socket] = member
        attendance.due = None
        self._leaving.pop(key, None)

    def leave(self, leave: Leave, now: float) -> None:
        """Note that a member went; a longer grace, of another one, stays."""
        member, grace = leave
        attendance = self.find(member.stream, member.user)
        if attendance is not None and member.socket in attendance.members:
            del attendance.members[member.socket]
            attendance.due = max(attendance.due or 0.0, now + grace)
            self._leaving[member.stream, member.user] = None

    def find(self, stream: str, user: str) -> Attendance | None:
        """Return a user's attendance, None where the user is not in the stream."""
        return self._streams.get(stream, {}).get(user)

    def has(self, stream: str, user: str, now: float) -> bool:
        """Tell whether a user is in a stream, or may still come back."""
        attendance = self.find(stream, user)
        return attendance is not None and not attendance.has_left(now)

    def update(self, stream: str, user: str, meta: dict[str, Any]) -> Notice | None:
        """Change what is known about a user in a stream; returns None where nothing changes."""
        attendance = self.find(stream, user)
        if attendance is None or attendance.meta == meta:
            return None
        attendance.meta = meta
        if not attendance.is_announced:
            return None
        return Notice(new_id(), stream, update=[_entry(user, attendance)])

    def settle(self, now: float) -> Iterator[Notice]:
        """Do what is due; yields what has changed."""
        due = self._due(now)
        changed: defaultdict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for stream, user in self._new:
            changed[stream][0].append(user)
        for stream, user in due:
            changed[stream][1].append(user)
        self._new.clear()
        for stream, (joined, left) in changed.items():
            notice = self._settle(stream, joined, left)
            yield from _one_by_one(notice) if stream == ONLINE else [notice]

    def next_due(self) -> float | None:
        """Return the earliest time at which somebody may have left."""
        leaving = (self._streams[stream][user].due for stream, user in self._leaving)
        return min((due for due in leaving if due is not None), default=None)

    def present(self, stream: str, now: float) -> list[Present]:
        """Return who is in a stream."""
        users = self._streams.get(stream, {})
        found = [
            Present(
                user,
                one.meta,
                datetime.fromtimestamp(one.since, UTC),
                tuple(open_socket.socket for open_socket in _open_sockets(one)),
            )
            for user, one in users.items()
            if not one.has_left(now)
        ]
        return sorted(found, key=lambda one: (one.since, one.user))

    def listed(self, stream: str) -> list[Present]:
        """Return who is in a stream or has left it, which is not noted yet."""
        found = [
            Present(user, one.meta, datetime.fromtimestamp(one.since, UTC))
            for user, one in self._streams.get(stream, {}).items()
        ]
        return sorted(found, key=lambda one: (one.since, one.user))

    def sockets_of(self, user: str) -> list[OpenSocket]:
        """Return the open sockets of a user."""
        attendance = self.find(ONLINE, user)
        return [] if attendance is None else _open_sockets(attendance)

    def _due(self, now: float) -> list[Key]:
        """Return those who have left; forgets a grace of those who have another socket."""
        for key in list(self._leaving):
            attendance = self._streams[key[0]][key[1]]
            if attendance.members and (attendance.due or 0.0) <= now:
                attendance.due = None
                del self._leaving[key]
        leaving = ((key, self._streams[key[0]][key[1]]) for key in self._leaving)
        return [key for key, one in leaving if one.is_announced and one.has_left(now)]

    def _settle(self, stream: str, joined: list[str], left: list[str]) -> Notice:
        users, before = self._streams[stream], self._announced[stream]
        for user in joined:
            users[user].is_announced = True
        join = [_entry(user, users[user]) for user in joined]
        leave = [_entry(user, self._remove(stream, user)) for user in left]
        after = self._announced[stream] = before + len(joined) - len(left)
        if not after:
            del self._announced[stream]
        first, last = not before and after > 0, before > 0 and not after
        return Notice(new_id(), stream, join, leave, first=first, last=last)

    def _remove(self, stream: str, user: str) -> Attendance:
        users = self._streams[stream]
        del self._leaving[stream, user]
        attendance = users.pop(user)
        if not users:
            del self._streams[stream]
        return attendance


def _entry(user: str, attendance: Attendance) -> dict[str, Any]:
    return {"user": user, "meta": attendance.meta, "since": round(attendance.since * 1000)}


def _open_sockets(attendance: Attendance) -> list[OpenSocket]:
    members = attendance.members.values()
    return sorted(OpenSocket(member.since, member.socket) for member in members)


def _one_by_one(notice: Notice) -> Iterator[Notice]:
    """Make one of each user: what is done for one must not be repeated for another."""
    for entry in notice.join:
        yield Notice(new_id(), ONLINE, join=[entry])
    for entry in notice.leave:
        yield Notice(new_id(), ONLINE, leave=[entry])
