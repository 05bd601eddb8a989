"""Who follows a stream, as a client knows it: a list, and the differences that come after it.

The differences are events of the stream. A list is read after the position that comes with it, so
it may have some of the later differences already; each is therefore harmless where it comes twice.
``presence.js`` holds the same rules; ``tests/vectors/presence.json`` runs on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

PRESENCE_EVENT = "realtime.presence"
"""The name of the events that carry the differences; no application publishes one."""


class Member(TypedDict):
    """A user who follows the stream, with any number of sockets."""

    user: str
    """The name of the user's own stream."""
    meta: dict[str, Any]
    since: int
    """Milliseconds since 1970, by the clock of the store; it tells two stays of one user apart."""


class Changes(NamedTuple):
    """What a list or a difference has changed; each in the order of ``Presence.members``."""

    join: list[Member]
    leave: list[Member]
    update: list[Member]


class Presence:
    """The members of one stream; each method that takes something returns what it has changed."""

    __slots__ = ("_by_user", "_offset")

    def __init__(self) -> None:
        self._by_user: dict[str, Member] = {}
        self._offset = 0

    @property
    def members(self) -> list[Member]:
        """Those who are there, the first to come first."""
        return _in_order(self._by_user.values())

    def replace(self, members: Iterable[Member], offset: int) -> Changes:
        """Take a list that has all differences up to ``offset``.

        What it has in common with the one before is no change: nobody leaves and joins again.
        """
        self._offset = offset
        return self._become({member["user"]: member for member in members})

    def apply(self, difference: Mapping[str, Any], offset: int | None) -> Changes:
        """Take the data of an event; ``offset`` is None where events are not kept."""
        if offset is not None and offset <= self._offset:
            return Changes([], [], [])
        by_user = dict(self._by_user)
        for one in difference.get("leave", ()):
            if one["user"] in by_user and one["since"] >= by_user[one["user"]]["since"]:
                del by_user[one["user"]]
        for one in difference.get("join", ()):
            if one["user"] not in by_user or one["since"] >= by_user[one["user"]]["since"]:
                by_user[one["user"]] = one
        for one in difference.get("update", ()):
            if one["user"] in by_user and one["since"] >= by_user[one["user"]]["since"]:
                by_user[one["user"]] = one
        return self._become(by_user)

    def _become(self, by_user: dict[str, Member]) -> Changes:
        before, self._by_user = self._by_user, by_user
        return Changes(
            join=_in_order(by_user[user] for user in by_user.keys() - before.keys()),
            leave=_in_order(before[user] for user in before.keys() - by_user.keys()),
            update=_in_order(
                by_user[user]
                for user in by_user.keys() & before.keys()
                if by_user[user] != before[user]
            ),
        )


def _in_order(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda member: (member["since"], member["user"]))
