"""The open sockets of each user, and what they may cost together: one set for each event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import chain
from typing import Any, Protocol

from realtime.access.login import Login
from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.rate import Rate

KEEP_BUDGET = 60.0
"""Seconds between two looks for budgets of users who have no socket any more.

A user who leaves and comes back has the same one: connecting again buys nothing.
"""


class UserSocket(Protocol):
    """What is counted, and found."""

    budget: Rate
    id: str

    @property
    def login(self) -> Any:
        """Whose it is; None before the sign-in."""

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds, None before the first."""

    def close(self, code: CloseCode, *, reason: str = "") -> None:
        """Close the socket."""

    def drain(self, after: int) -> None:
        """Send the socket away for ``after`` milliseconds."""


class UserSockets:
    """Counts the sockets of each user, closes the oldest of too many, and shares out one budget.

    A user is named by the name of the user's own stream. Visitors of one address share a budget,
    and are not counted: they may be many.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._by_account: dict[str, list[UserSocket]] = {}
        self._by_session: dict[str, list[UserSocket]] = {}
        self._budgets: dict[str, Rate] = {}
        self._next_look = self._loop.time() + KEEP_BUDGET

    def add(self, socket: UserSocket) -> None:
        """Count a user's socket; one too many closes the oldest, which may be a dead one."""
        account, digest = socket.login.account, socket.login.digest
        sockets = self._by_account.setdefault(account, [])
        sockets.append(socket)
        if digest is not None:
            self._by_session.setdefault(digest, []).append(socket)
        socket.budget = self._budget(account)
        if socket.login.is_visitor:
            return
        if len(sockets) > realtime_settings().MAX_SOCKETS_PER_USER:
            oldest = sockets[0]
            self.remove(oldest)
            oldest.close(CloseCode.TOO_MANY_SOCKETS)

    def remove(self, socket: UserSocket) -> None:
        """Count a socket no more; harmless for one that was never counted."""
        if socket.login is not None:
            _discard(self._by_account, socket.login.account, socket)
            _discard(self._by_session, socket.login.digest, socket)

    def all(self) -> list[UserSocket]:
        """Return the sockets of all users and visitors."""
        return list(chain.from_iterable(self._by_account.values()))

    def users(self) -> set[str]:
        """Return the users who have sockets."""
        return {me for socket in self.all() if (me := socket.login.me) is not None}

    def of_user(self, me: str) -> list[UserSocket]:
        """Return the sockets of a user."""
        return list(self._by_account.get(me, ()))

    def of_session(self, digest: str) -> list[UserSocket]:
        """Return the sockets that were opened with a session."""
        return list(self._by_session.get(digest, ()))

    def of_login(self, login: Login) -> list[UserSocket]:
        """Return the sockets whose user was found by the same right."""
        return [one for one in self.of_user(login.account) if login.is_same(one.login)]

    def _budget(self, account: str) -> Rate:
        now = self._loop.time()
        if now >= self._next_look:
            self._next_look = now + KEEP_BUDGET
            for absent in self._budgets.keys() - self._by_account.keys():
                if self._budgets[absent].is_full(now):
                    del self._budgets[absent]
        if account not in self._budgets:
            self._budgets[account] = Rate(realtime_settings().MAX_BYTES_PER_SECOND, now=now)
        return self._budgets[account]


def sign_out(sockets: Iterable[UserSocket]) -> None:
    """Close sockets whose login has ended, and let it count for nothing any more."""
    for socket in sockets:
        socket.login.end()
        socket.close(CloseCode.SIGNED_OUT)


def _discard(index: dict[str, list[UserSocket]], key: Any, socket: UserSocket) -> None:
    sockets = index.get(key, [])
    if socket in sockets:
        sockets.remove(socket)
        if not sockets:
            del index[key]


_user_sockets = PerLoop(UserSockets)


def user_sockets() -> UserSockets:
    """Return the sockets of the running event loop."""
    return _user_sockets.current()
