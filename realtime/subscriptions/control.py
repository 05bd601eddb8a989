"""Carries out messages about rights, for the sockets of one event loop."""

from __future__ import annotations

from realtime.access.user_sockets import UserSocket, user_sockets
from realtime.concurrency.per_loop import PerLoop
from realtime.fanout.hub import running_hub
from realtime.layer.control import Control, Disconnect, EndSessions, Reauthorize, Recheck
from realtime.protocol.close_codes import CloseCode
from realtime.subscriptions.commands import Commands


class Controls:
    """Finds the sockets and subscriptions that a message is about, and does what it asks for."""

    def __init__(self) -> None:
        self._commands: dict[str, Commands] = {}
        running_hub().listen(self)

    def add(self, socket: str, commands: Commands) -> None:
        """Include the subscriptions of a socket, by its id."""
        self._commands[socket] = commands

    def remove(self, socket: str) -> None:
        """Leave out those of a socket that has ended."""
        self._commands.pop(socket, None)

    def control(self, control: Control) -> None:
        """Carry out what a message asks for."""
        match control:
            case Recheck():
                for me in control.users:
                    self._reauthorize(user_sockets().of_user(me))
            case EndSessions():
                for digest in control.digests:
                    _close(user_sockets().of_session(digest), CloseCode.SIGNED_OUT)
            case Disconnect():
                _close(_named(control), control.code, control.reason)
            case Reauthorize(user=None):
                self._reauthorize(user_sockets().all(), control.stream)
            case Reauthorize(user=me):
                self._reauthorize(user_sockets().of_user(me), control.stream)

    def controls_lost(self) -> None:
        """Look for oneself: the channel layer was away, and may have lost some."""

    def _reauthorize(self, sockets: list[UserSocket], stream: str | None = None) -> None:
        for socket in sockets:
            commands = self._commands.get(socket.id)
            if commands is not None:
                commands.reauthorize(stream)


def _named(control: Disconnect) -> list[UserSocket]:
    sockets = user_sockets()
    named = [one for me in control.users for one in sockets.of_user(me)]
    if not control.users:
        named = sockets.all()
    return [one for one in named if not control.sockets or one.id in control.sockets]


def _close(sockets: list[UserSocket], code: CloseCode, reason: str = "") -> None:
    for socket in sockets:
        socket.close(code, reason=reason)


_controls = PerLoop(Controls)


def running_controls() -> Controls:
    """Return what carries out messages about rights in the running event loop."""
    return _controls.current()
