"""Ends sockets when the right of their login ends, where that time is known."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol

from realtime.concurrency.per_loop import PerLoop
from realtime.protocol.close_codes import CloseCode

LONGEST = 86400.0
"""Seconds of the longest timer: the clocks of a machine and of its loop drift apart."""


class ExpiringSocket(Protocol):
    """What is closed."""

    login: Any

    def close(self, code: CloseCode) -> None:
        """Close the socket."""


class Expiries:
    """The timers of one event loop, for the sockets whose login has an end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers: dict[ExpiringSocket, asyncio.TimerHandle] = {}

    def add(self, socket: ExpiringSocket) -> None:
        """Close the socket with 4401 when its login expires."""
        if socket.login.expires is not None:
            self._wait(socket)

    def remove(self, socket: ExpiringSocket) -> None:
        """Close it no more; harmless for one that was never added."""
        if (timer := self._timers.pop(socket, None)) is not None:
            timer.cancel()

    def _wait(self, socket: ExpiringSocket) -> None:
        seconds = socket.login.expires - time.time()
        if seconds > 0:
            timer = self._loop.call_later(min(seconds, LONGEST), self._wait, socket)
            self._timers[socket] = timer
        else:
            self._timers.pop(socket, None)
            socket.login.end()
            socket.close(CloseCode.EXPIRED)


_expiries = PerLoop(Expiries)


def expiries() -> Expiries:
    """Return the timers of the running event loop."""
    return _expiries.current()
