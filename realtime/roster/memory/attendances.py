"""Who attends which stream, in memory; all times are in seconds, and arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from realtime.roster.base import ONLINE, Leave, Member, Notice, OpenSocket, Present, new_id


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

    def join(self, member: Member, now: float) -> None:
        """Note that a member came."""
        users = self._streams.setdefault(member.stream, {})
        attendance = users.setdefault(member.user, Attendance(now, json.loads(member.meta)))
        attendance.members[member.socket] = member
        attendance.due = None

    def leave(self, leave: Leave, now: float) -> None:
        """Note that a member went; a longer grace, of another one, stays."""
        member, grace = leave
        attendance = self.find(member.stream, member.user)
        if attendance is not None and member.socket in attendance.members:
            del attendance.members[member.socket]
            attendance.due = max(attendance.due or 0.0, now + grace)

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
        for stream in list(self._streams):
            notice = self._settle(stream, now)
            if stream == ONLINE:
                yield from _one_by_one(notice)
            elif notice.join or notice.leave:
                yield notice
            if not self._streams[stream]:
                del self._streams[stream]

    def next_due(self) -> float | None:
        """Return the earliest time at which somebody may have left."""
        users = (one for stream in self._streams.values() for one in stream.values())
        leaving = (one for one in users if not one.members)
        return min((one.due for one in leaving if one.due is not None), default=None)

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

    def _settle(self, stream: str, now: float) -> Notice:
        users = self._streams[stream]
        before = any(one.is_announced for one in users.values())
        joined = [user for user, one in users.items() if not one.is_announced]
        for user in joined:
            users[user].is_announced = True
        join = [_entry(user, users[user]) for user in joined]
        gone = [user for user, one in users.items() if user not in joined and one.has_left(now)]
        leave = [_entry(user, users.pop(user)) for user in gone]
        after = bool(users)
        first, last = not before and after, before and not after
        return Notice(new_id(), stream, join, leave, first=first, last=last)


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
