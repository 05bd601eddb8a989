"""The open sockets of each user: one set for each event loop."""

from __future__ import annotations

from typing import Any, Protocol

from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.protocol.close_codes import CloseCode


class UserSocket(Protocol):
    """What is counted."""

    user: Any

    def close(self, code: CloseCode) -> None:
        """Close the socket."""


class UserSockets:
    """Counts the sockets of each user, and closes the oldest where there are too many."""

    def __init__(self) -> None:
        self._by_user: dict[Any, list[UserSocket]] = {}

    def add(self, socket: UserSocket) -> None:
        """Count a user's socket; one too many closes the oldest, which may be a dead one."""
        sockets = self._by_user.setdefault(socket.user.pk, [])
        sockets.append(socket)
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


_user_sockets = PerLoop(UserSockets)


def user_sockets() -> UserSockets:
    """Return the sockets of the running event loop."""
    return _user_sockets.current()
