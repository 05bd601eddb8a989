"""Who is let in before anybody knows who it is: so many connections a second, and visitors."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Protocol

from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.hints import hint
from realtime.logs import LIMITED, get_logger
from realtime.protocol.arrivals import Arrivals
from realtime.protocol.close_codes import CloseCode
from realtime.sockets.transport import ABORT_AFTER

logger = get_logger(__name__)

ADDRESS_SHARE = 0.5
"""Of all new connections, how many one address may make: there is room for the others."""

MIN_WAIT = 1.0
"""Seconds that one who is turned away waits at least; up to as many more are random."""

FORGET_EVERY = 10.0
"""Seconds between two looks for addresses from which nobody comes any more."""

_ONE_ADDRESS = (
    "All that is allowed to one address is used by %s. If that is your proxy, have the server take "
    "addresses from it (Uvicorn: --forwarded-allow-ips, Daphne: --proxy-headers); see limits.md."
)


class NewSocket(Protocol):
    """What is let in, or closed."""

    def close(self, code: CloseCode, *, abort_after: float, after: int | None = None) -> None:
        """Send ``bye`` and close."""


class Admission:
    """The door of one event loop; it costs far less than to find out who comes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._per_second = realtime_settings().MAX_CONNECTIONS_PER_SECOND
        self._all = Arrivals(self._per_second, now=self._loop.time())
        self._by_address: dict[str, Arrivals] = {}
        self._visitors: dict[NewSocket, str] = {}
        self._count: Counter[str] = Counter()
        self._forget_at = self._loop.time() + FORGET_EVERY

    def admit(self, socket: NewSocket, address: str | None) -> None:
        """Let a new socket in as a visitor's, or close it; it comes back after the wait."""
        arrivals = self._full(address)
        if arrivals is not None:
            self._turn_away(socket, CloseCode.TOO_MANY_CONNECTIONS, address, arrivals)
        elif address is not None:
            self._admit_visitor(socket, address)

    def known(self, socket: NewSocket) -> None:
        """Count a socket as a visitor's no longer: its user has signed in, or it has ended."""
        address = self._visitors.pop(socket, None)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def _admit_visitor(self, socket: NewSocket, address: str) -> None:
        if self._count[address] < realtime_settings().MAX_VISITORS_PER_ADDRESS:
            self._visitors[socket] = address
            self._count[address] += 1
        else:
            arrivals = self._arrivals_of(address)
            self._turn_away(socket, CloseCode.TOO_MANY_VISITORS, address, arrivals)

    def _full(self, address: str | None) -> Arrivals | None:
        """Count one that comes; returns what has no room for it, if anything has none."""
        now = self._loop.time()
        if address is not None and not (arrivals := self._arrivals_of(address)).allows(now):
            return arrivals
        return None if self._all.allows(now) else self._all

    def _arrivals_of(self, address: str) -> Arrivals:
        now = self._loop.time()
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY
            for absent in [one for one, seen in self._by_address.items() if seen.is_idle(now)]:
                del self._by_address[absent]
        if address not in self._by_address:
            self._by_address[address] = Arrivals(ADDRESS_SHARE * self._per_second, now=now)
        return self._by_address[address]

    def _turn_away(
        self, socket: NewSocket, code: CloseCode, address: str | None, arrivals: Arrivals
    ) -> None:
        wait = MIN_WAIT * (1 + random.random()) + arrivals.wait(self._loop.time())
        logger.warning(
            "turned away address=%s code=%d reason=%s wait=%.1f",
            *(address, code, code.reason, wait),
            extra=LIMITED,
        )
        if arrivals is not self._all:
            hint(logger, _ONE_ADDRESS, address)
        socket.close(code, abort_after=ABORT_AFTER, after=int(wait * 1000))


_admissions = PerLoop(Admission)


def admission() -> Admission:
    """Return the admission of the running event loop."""
    return _admissions.current()
