"""The open sockets of each user, and what they may cost together: one set for each event loop."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.rate import Rate

KEEP_BUDGET = 60.0
"""Seconds between two looks for budgets of users who have no socket any more.

A user who leaves and comes back has the same one: connecting again buys nothing.
"""


class UserSocket(Protocol):
    """What is counted."""

    budget: Rate

    @property
    def user(self) -> Any:
        """Whose it is."""

    def close(self, code: CloseCode) -> None:
        """Close the socket."""


class UserSockets:
    """Counts the sockets of each user, closes the oldest of too many, and shares out one budget."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._by_user: dict[Any, list[UserSocket]] = {}
        self._budgets: dict[Any, Rate] = {}
        self._next_look = self._loop.time() + KEEP_BUDGET

    def add(self, socket: UserSocket) -> None:
        """Count a user's socket; one too many closes the oldest, which may be a dead one."""
        sockets = self._by_user.setdefault(socket.user.pk, [])
        sockets.append(socket)
        socket.budget = self._budget(socket.user.pk)
        if len(sockets) > realtime_settings().MAX_SOCKETS_PER_USER:
            oldest = sockets[0]
            self.remove(oldest)
            oldest.close(CloseCode.TOO_MANY_SOCKETS)

    def remove(self, socket: UserSocket) -> None:
        """Count a socket no more; harmless for one that was never counted."""
        primary_key = getattr(socket.user, "pk", None)
        sockets = self._by_user.get(primary_key, [])
        if socket in sockets:
            sockets.remove(socket)
        if not sockets:
            self._by_user.pop(primary_key, None)

    def _budget(self, primary_key: Any) -> Rate:
        now = self._loop.time()
        if now >= self._next_look:
            self._next_look = now + KEEP_BUDGET
            for absent in self._budgets.keys() - self._by_user.keys():
                if self._budgets[absent].is_full(now):
                    del self._budgets[absent]
        if primary_key not in self._budgets:
            self._budgets[primary_key] = Rate(realtime_settings().MAX_BYTES_PER_SECOND, now=now)
        return self._budgets[primary_key]


_user_sockets = PerLoop(UserSockets)


def user_sockets() -> UserSockets:
    """Return the sockets of the running event loop."""
    return _user_sockets.current()
