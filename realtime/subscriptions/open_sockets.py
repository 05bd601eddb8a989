"""Notes each open socket where its process counts it, finds it and ends it."""

from __future__ import annotations

from realtime.access.admission import admission
from realtime.access.expiry import expiries
from realtime.access.login import Login
from realtime.access.user_sockets import user_sockets
from realtime.receipts import watch
from realtime.receipts.notes import running_notes
from realtime.recorder.recorder import running_recorder
from realtime.roster.roster import running_roster
from realtime.sockets.drain import running_drain
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.subscriptions.answering import running_answering
from realtime.subscriptions.commands import Commands
from realtime.subscriptions.control import running_controls
from realtime.subscriptions.socket_limit import running_socket_limit


def opened(socket: RealtimeSocket, commands: Commands, address: str | None) -> None:
    """Note a socket that was accepted; one too many of its ``address`` is closed."""
    watch.start()
    running_answering()
    running_controls().add(socket.id, commands)
    admission().admit(socket, address)


def signed_in(socket: RealtimeSocket, login: Login, user_agent: str) -> None:
    """Greet the socket's user, or visitor, and note the socket as theirs."""
    if not login.is_visitor:
        admission().known(socket)
    socket.welcome(login, login.me)
    user_sockets().add(socket)
    expiries().add(socket)
    running_controls().signed_in(socket)
    running_socket_limit().arrived(socket.id, login)
    running_recorder().opened(socket, login.me, user_agent)
    running_drain().before_end(running_roster().written)
    running_drain().before_end(running_notes().written)
    running_drain().before_end(running_recorder().stop)


def ended(socket: RealtimeSocket, code: int | None) -> None:
    """Note a socket no more, however far it came.

    ``code`` is the close code that came, None where the server has ended it without one.
    """
    admission().known(socket)
    user_sockets().remove(socket)
    expiries().remove(socket)
    running_controls().remove(socket.id)
    running_roster().ended(socket.id)
    running_recorder().ended(socket.id, code)
