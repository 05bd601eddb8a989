"""How many sockets a user may have in all processes together, as the roster counts them.

Each process holds its own sockets to the same limit (``access/user_sockets``), which is all that
holds while presence is off or its store is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from realtime.access.login import Login
from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.layer.broadcast import abroadcast
from realtime.layer.control import Disconnect, control_messages
from realtime.logs import LIMITED, get_logger
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.stream_names import pk_stream_name
from realtime.roster.base import OpenSocket
from realtime.roster.roster import running_roster

logger = get_logger(__name__)


class SocketLimit:
    """Notes the sockets of an event loop in the roster, and ends a user's oldest of too many."""

    def __init__(self) -> None:
        self._roster = running_roster()
        self._roster.watch(self.check)
        self._tasks: set[asyncio.Task[None]] = set()

    def arrived(self, socket: str, login: Login) -> None:
        """Note a socket whose user has signed in; visitors are on no list."""
        if not login.is_visitor:
            self._roster.arrived(socket, str(login.user.pk))

    def check(self, sockets: Mapping[str, Sequence[OpenSocket]]) -> None:
        """Have all processes end the oldest ones, of users by primary key, the oldest first."""
        limit = realtime_settings().MAX_SOCKETS_PER_USER
        for pk, of_user in sockets.items():
            if len(of_user) > limit:
                self._end(pk_stream_name(pk), [one.socket for one in of_user[:-limit]])

    def _end(self, me: str, oldest: Sequence[str]) -> None:
        logger.warning("too many sockets account=%s ended=%d", me, len(oldest), extra=LIMITED)
        control = Disconnect((me,), tuple(oldest), CloseCode.TOO_MANY_SOCKETS)
        task = asyncio.create_task(abroadcast(control_messages(control)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_limits = PerLoop(SocketLimit)


def running_socket_limit() -> SocketLimit:
    """Return the limit of the running event loop."""
    return _limits.current()
