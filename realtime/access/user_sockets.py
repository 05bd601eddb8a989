"""The open sockets of each user, and what they may cost together: one set for each event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
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
    login: Any

    def close(self, code: CloseCode) -> None:
        """Close the socket."""


class UserSockets:
    """Counts the sockets of each user, closes the oldest of too many, and shares out one budget."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._by_account: dict[Hashable, list[UserSocket]] = {}
        self._budgets: dict[Hashable, Rate] = {}
        self._next_look = self._loop.time() + KEEP_BUDGET

    def add(self, socket: UserSocket) -> None:
        """Count a user's socket; one too many closes the oldest, which may be a dead one.

        Visitors of one address share a budget, and are not counted: they may be many.
        """
        login = socket.login
        sockets = self._by_account.setdefault(login.account, [])
        sockets.append(socket)
        socket.budget = self._budget(login.account)
        if len(sockets) > realtime_settings().MAX_SOCKETS_PER_USER and not login.is_visitor:
            oldest = sockets[0]
            self.remove(oldest)
            oldest.close(CloseCode.TOO_MANY_SOCKETS)

    def remove(self, socket: UserSocket) -> None:
        """Count a socket no more; harmless for one that was never counted."""
        if socket.login is None:
            return
        account = socket.login.account
        sockets = self._by_account.get(account, [])
        if socket in sockets:
            sockets.remove(socket)
        if not sockets:
            self._by_account.pop(account, None)

    def _budget(self, account: Hashable) -> Rate:
        now = self._loop.time()
        if now >= self._next_look:
            self._next_look = now + KEEP_BUDGET
            for absent in self._budgets.keys() - self._by_account.keys():
                if self._budgets[absent].is_full(now):
                    del self._budgets[absent]
        if account not in self._budgets:
            self._budgets[account] = Rate(realtime_settings().MAX_BYTES_PER_SECOND, now=now)
        return self._budgets[account]


_user_sockets = PerLoop(UserSockets)


def user_sockets() -> UserSockets:
    """Return the sockets of the running event loop."""
    return _user_sockets.current()
