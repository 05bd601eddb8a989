"""Drives what one socket may have in flight: the pings and the clock for the pure rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realtime.protocol.in_flight import InFlight, Pressure
from realtime.sockets.keepalive import Keepalive

OWN_FRAMES = 8
"""Times the limit that a socket's own frames may be in flight, such as answers and snapshots."""

PROOF_WITHIN = 2.0
"""Seconds within which a peer with too much in flight has to prove that something arrived."""


class FlowControl:
    """Holds events back from a peer that takes too few of them, until it proves that some arrived.

    ``limit`` is in bytes. ``on_too_slow`` is called once where the proof doesn't come.
    """

    __slots__ = ("_in_flight", "_keepalive", "_limit", "_loop", "_on_too_slow", "_proof", "is_full")

    def __init__(
        self, limit: int, loop: asyncio.AbstractEventLoop, on_too_slow: Callable[[], None]
    ) -> None:
        self.is_full = False
        """Whether nothing more is delivered before a proof comes."""
        self._limit = limit
        self._loop = loop
        self._on_too_slow = on_too_slow
        self._in_flight = InFlight(limit)
        self._keepalive: Keepalive | None = None
        self._proof: asyncio.Event | None = None

    @property
    def is_overrun(self) -> bool:
        """Whether even the socket's own frames are too many."""
        return self._in_flight.unproved > OWN_FRAMES * self._limit

    def start(self, keepalive: Keepalive) -> None:
        """Ask for proofs from now on, with the pings of ``keepalive``."""
        self._keepalive = keepalive

    def stop(self) -> None:
        """Ask for no more, and let in what waits for room."""
        self._keepalive = None
        self._let_in()

    def sent(self, size: int) -> None:
        """Count a frame of ``size`` bytes that has been handed to the transport."""
        in_flight = self._in_flight
        in_flight.total += size
        if in_flight.total >= in_flight.check_at:
            self._ask_for_proof()

    def pinged(self, nonce: str) -> None:
        """Note that a ping goes out."""
        self._in_flight.pinged(nonce)

    def proved(self, nonce: str) -> None:
        """Note the pong to a ping: all that was sent before that ping has arrived."""
        self._in_flight.ponged(nonce)
        self.is_full = self.is_full and self._in_flight.pressure is Pressure.FULL
        if self.is_full and self._keepalive is not None and not self._in_flight.is_ping_last:
            self._keepalive.ping()  # Own frames went out behind the last one.
        self._let_in()

    async def room(self) -> None:
        """Wait until at most half of what may be in flight is, or the socket has ended."""
        while self._keepalive is not None and self._in_flight.unproved > self._limit // 2:
            if not self._in_flight.is_ping_last:
                self._keepalive.ping()
            self._proof = self._proof or asyncio.Event()
            self._proof.clear()
            await self._proof.wait()

    def _ask_for_proof(self) -> None:
        pressure = self._in_flight.pressure
        if self._keepalive is None or pressure is Pressure.FINE:
            return
        if not self.is_full or pressure is Pressure.PING:
            self._keepalive.ping()
        if pressure is Pressure.FULL and not self.is_full:
            self.is_full = True
            self._check_later()

    def _check_later(self) -> None:
        self._loop.call_later(PROOF_WITHIN, self._check, self._in_flight.arrived)

    def _check(self, arrived_before: int) -> None:
        if self._keepalive is None or not self.is_full:
            return
        if self._in_flight.arrived == arrived_before:
            self._on_too_slow()
        else:
            self._check_later()

    def _let_in(self) -> None:
        if self._proof is not None:
            self._proof.set()
