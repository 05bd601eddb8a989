"""Carries out messages about rights, for the sockets of one event loop."""

from __future__ import annotations

import asyncio
import math

from realtime.access.login import Login
from realtime.access.recent_names import KEEP, RecentNames
from realtime.access.recheck import running_recheck
from realtime.access.user_sockets import UserSocket, sign_out, user_sockets
from realtime.concurrency.per_loop import PerLoop
from realtime.fanout.hub import running_hub
from realtime.layer.control import Control, Disconnect, EndSessions, Reauthorize, Recheck
from realtime.protocol.close_codes import CloseCode
from realtime.subscriptions.commands import Commands

KEEP_ENDED = 300.0
"""Seconds for which a session is known to have ended: a ticket of ``ticket_view`` lives 60.

The others are for the sign-in, and for clocks that differ.
"""


class Controls:
    """Finds the sockets and subscriptions that a message is about, and does what it asks for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._commands: dict[str, Commands] = {}
        self._recheck = running_recheck()
        self._ended_sessions = RecentNames(KEEP_ENDED)
        self._changed_users = RecentNames()
        self._reauthorized_users = RecentNames()
        self._all_reauthorized_at = -math.inf
        running_hub().listen(self)

    def add(self, socket: str, commands: Commands) -> None:
        """Include the subscriptions of a socket, by its id."""
        self._commands[socket] = commands

    def remove(self, socket: str) -> None:
        """Leave out those of a socket that has ended."""
        self._commands.pop(socket, None)

    def streams_of(self, socket: str) -> list[str]:
        """Return the streams that a socket follows, by its id."""
        commands = self._commands.get(socket)
        return [] if commands is None else commands.followed

    def signed_in(self, socket: UserSocket) -> None:
        """Do what was asked for while the socket's user was being found out."""
        login = socket.login
        if self._has_session_ended(login):
            sign_out([socket])
        elif self._changed_users.came_at(login.me) >= login.verified_at:
            login.doubt(self._loop.time())
            self._recheck.soon([login.me])
        elif self._reauthorized_at(login.me) >= login.verified_at:
            login.doubt(self._loop.time())

    def _has_session_ended(self, login: Login) -> bool:
        """A ticket asks no store of sessions, so that any end counts that is known."""
        ended_at = self._ended_sessions.came_at(login.digest)
        is_by_ticket = login.session_key is None
        return ended_at > (-math.inf if is_by_ticket else login.verified_at - KEEP)

    def control(self, control: Control) -> None:
        """Carry out what a message asks for."""
        match control:
            case Recheck():
                self._changed_users.add_all(control.users, self._loop.time())
                self._recheck.soon(control.users)
                for me in control.users:
                    self._reauthorize(user_sockets().of_user(me))
            case EndSessions():
                self._ended_sessions.add_all(control.digests, self._loop.time())
                for digest in control.digests:
                    sign_out(user_sockets().of_session(digest))
            case Disconnect(code=CloseCode.SIGNED_OUT):
                sign_out(_named(control))
            case Disconnect():
                for socket in _named(control):
                    socket.close(control.code, reason=control.reason)
            case Reauthorize(user=None):
                self._all_reauthorized_at = self._loop.time()
                is_urgent = control.stream is not None  # Not what concerns everybody.
                self._reauthorize(user_sockets().all(), control.stream, urgent=is_urgent)
            case Reauthorize(user=str(me)):
                self._reauthorized_users.add_all([me], self._loop.time())
                self._reauthorize(user_sockets().of_user(me), control.stream)

    def controls_lost(self) -> None:
        """Look for oneself: the channel layer was away, and may have lost some."""
        self._recheck.all_soon()

    def _reauthorized_at(self, me: str | None) -> float:
        return max(self._reauthorized_users.came_at(me), self._all_reauthorized_at)

    def _reauthorize(
        self, sockets: list[UserSocket], stream: str | None = None, *, urgent: bool = True
    ) -> None:
        for socket in sockets:
            socket.login.doubt(self._loop.time())
            commands = self._commands.get(socket.id)
            if commands is not None:
                commands.reauthorize(stream, urgent=urgent)


def _named(control: Disconnect) -> list[UserSocket]:
    sockets = user_sockets()
    named = [one for me in control.users for one in sockets.of_user(me)]
    if not control.users:
        named = sockets.all()
    return [one for one in named if not control.sockets or one.id in control.sockets]


_controls = PerLoop(Controls)


def running_controls() -> Controls:
    """Return what carries out messages about rights in the running event loop."""
    return _controls.current()
