"""What a process has, and how that differs from what its backend knows: state, not a queue."""

from __future__ import annotations

from typing import NamedTuple

from realtime.roster.base import Leave, Member

MAX_LEAVES = 10_000
"""Leaves that wait for a backend which is away; with more, all that is there is written again."""

Key = tuple[str, str]
"""A socket and a stream."""


class Changes(NamedTuple):
    """What is to be written; ``replaces`` says that the joins are all that there is."""

    joins: list[Member]
    leaves: list[Leave]
    replaces: bool


class Difference:
    """The members of one process by socket and stream, and those that have changed."""

    def __init__(self) -> None:
        self._members: dict[str, dict[str, Member]] = {}
        self._changed: set[Key] = set()
        self._gone: dict[Key, Leave] = {}
        self._must_replace = True

    def __bool__(self) -> bool:
        return bool(self._changed or self._gone or self._must_replace)

    def add(self, member: Member) -> None:
        """Note a member; one that is known already stays as it is."""
        if self._members.setdefault(member.socket, {}).setdefault(member.stream, member) is member:
            self._changed.add((member.socket, member.stream))

    def remove(self, socket: str, stream: str, grace: float) -> bool:
        """Note that a member is gone, with ``grace`` in seconds; returns whether it was known."""
        streams = self._members.get(socket, {})
        member = streams.pop(stream, None)
        if not streams:
            self._members.pop(socket, None)
        if member is None:
            return False
        self._changed.discard((socket, stream))
        self._gone[socket, stream] = Leave(member, grace)
        if len(self._gone) > MAX_LEAVES:
            self.replace()
        return True

    def streams_of(self, socket: str) -> list[str]:
        """Return the streams of a socket."""
        return list(self._members.get(socket, ()))

    def replace(self) -> None:
        """Write all again: the backend has lost it, or too much has changed."""
        self._must_replace = True
        self._gone.clear()

    def take(self) -> Changes:
        """Return what is to be written now, and take it for written; else give it back."""
        if self._must_replace:
            joins = [one for streams in self._members.values() for one in streams.values()]
        else:
            joins = [self._members[socket][stream] for socket, stream in self._changed]
        changes = Changes(joins, list(self._gone.values()), self._must_replace)
        self._must_replace = False
        self._changed.clear()
        self._gone.clear()
        return changes

    def give_back(self, changes: Changes) -> None:
        """Note that what was taken has not been written."""
        if changes.replaces:
            self.replace()
            return
        for member in changes.joins:
            if self._members.get(member.socket, {}).get(member.stream) is member:
                self._changed.add((member.socket, member.stream))
        for leave in changes.leaves:
            key = leave.member.socket, leave.member.stream
            self._gone.setdefault(key, leave)
