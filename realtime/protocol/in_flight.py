"""How much of what was sent may not have arrived: back-pressure by proof of receipt.

ASGI has no way to learn how much a peer has read. A pong proves that all that was sent before its
ping has arrived, so what was sent since is in flight.
"""

from __future__ import annotations

from enum import StrEnum


class Pressure(StrEnum):
    """What the bytes in flight ask for."""

    FINE = "fine"
    PING = "ping"
    FULL = "full"


class InFlight:
    """Counts bytes against ``limit``: past half of it a ping is due, past all of it a pause.

    ``total`` bytes were sent, and ``arrived`` of them are proved to have arrived.
    ``check_at`` is the total at which ``pressure`` may have changed: below it, adding is enough.
    """

    __slots__ = ("_last_ping", "_limit", "_pings", "arrived", "check_at", "total")

    def __init__(self, limit: int) -> None:
        self.total = 0
        self.arrived = 0
        self._limit = limit
        self._last_ping = 0
        self._pings: dict[str, int] = {}
        self._set_check_at()

    @property
    def unproved(self) -> int:
        """Bytes that may not have arrived."""
        return self.total - self.arrived

    @property
    def until_proof(self) -> int:
        """Bytes that have to arrive before the next pong can come."""
        return next(iter(self._pings.values()), self.total) - self.arrived

    @property
    def is_ping_last(self) -> bool:
        """Whether the last ping went out behind all that was sent."""
        return self._last_ping == self.total

    @property
    def pressure(self) -> Pressure:
        """What is due now."""
        if self.total - self.arrived > self._limit:
            return Pressure.FULL
        if self.total - self._last_ping > self._limit // 2:
            return Pressure.PING
        return Pressure.FINE

    def begin(self, phase: float) -> None:
        """Have the first ping due by so much earlier, from 0 to 1 of what precedes any other.

        Sockets that get the same events would else all be pinged behind the same one.
        """
        self._last_ping = -round(phase * (self._limit // 2))
        self._set_check_at()

    def pinged(self, nonce: str) -> None:
        """Note that a ping goes out behind all that was sent so far."""
        self._pings[nonce] = self._last_ping = self.total
        self._set_check_at()

    def ponged(self, nonce: str) -> bool:
        """Note the pong to a ping in flight; it proves the arrival of all before that ping.

        Returns whether that is more than was proved already.
        """
        if nonce not in self._pings:
            return False
        before, self.arrived = self.arrived, self._pings[nonce]
        self._pings = {other: at for other, at in self._pings.items() if at > self.arrived}
        self._set_check_at()
        return self.arrived > before

    def _set_check_at(self) -> None:
        self.check_at = 1 + min(self._last_ping + self._limit // 2, self.arrived + self._limit)
