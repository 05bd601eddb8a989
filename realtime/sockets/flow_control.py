"""Drives what one socket may have in flight: the pings and the clock for the pure rules."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Protocol

from realtime.counters import SOCKETS_HELD_BACK
from realtime.protocol.in_flight import InFlight, Pressure
from realtime.sockets.keepalive import Keepalive

OWN_FRAMES = 8
"""Times the limit that a socket's own frames may be in flight, such as answers and snapshots."""

PROOF_WITHIN = 2.0
"""Seconds within which a peer with too much in flight has to prove that something arrived."""

LOOK_EVERY = 0.5
"""Seconds between two looks at what moves; less than the timeout of any heartbeat."""

SLOW_LINE = 32 * 1024
"""Bytes a second of a line that is slow but works, where nobody shows what it takes.

A proxy takes a large frame in an instant, and passes it on at the pace of the line.
"""


class Sender(Protocol):
    """Whose bytes are in flight; functions in its place would be more objects for each socket."""

    def too_slow(self) -> None:
        """Give the peer up: nothing of what is in flight moves."""

    def unsent(self) -> int | None:
        """Return the bytes that wait to leave this machine, None if that isn't known."""


class FlowControl:
    """Holds events back from a peer that takes too few of them, until it proves that some arrived.

    ``limit`` is in bytes.
    """

    __slots__ = (
        "_awaited",
        "_in_flight",
        "_keepalive",
        "_largest",
        "_limit",
        "_loop",
        "_moved_at",
        "_proof",
        "_sender",
        "_timer",
        "is_full",
    )

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        self.is_full = False
        """Whether nothing more is delivered before a proof comes."""
        self._limit = limit
        self._loop = loop
        self._sender: Sender | None = None
        self._in_flight = InFlight(limit)
        self._awaited: deque[tuple[int, Callable[[], None]]] | None = None
        """Whom to call when so many bytes have arrived; most sockets never have any."""
        self._largest = 0
        self._keepalive: Keepalive | None = None
        self._proof: asyncio.Event | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._moved_at = 0.0

    @property
    def is_overrun(self) -> bool:
        """Whether even the socket's own frames are too many; one alone may have any size."""
        return self._in_flight.unproved > OWN_FRAMES * self._limit + self._largest

    def start(self, sender: Sender, keepalive: Keepalive, phase: float) -> None:
        """Ask for proofs from now on, with the pings of ``keepalive``; see ``InFlight.begin``."""
        self._sender = sender
        self._keepalive = keepalive
        self._in_flight.begin(phase)

    def stop(self) -> None:
        """Ask for no more, and let in what waits for room."""
        self._keepalive = self._sender = None  # Who refers to this one.
        if self._timer is not None:
            self._timer.cancel()
        self._awaited = None
        self._let_in()

    def sent(self, size: int) -> None:
        """Count a frame of ``size`` bytes that has been handed to the transport."""
        in_flight = self._in_flight
        in_flight.total += size
        if in_flight.total >= in_flight.check_at:
            self._ask_for_proof()

    def sent_own(self, size: int) -> None:
        """Count a frame that this socket alone gets, such as an answer."""
        self._largest = max(self._largest, size)
        self.sent(size)

    def pinged(self, nonce: str) -> None:
        """Note that a ping goes out."""
        self._in_flight.pinged(nonce)

    def proved(self, nonce: str) -> bool:
        """Note the pong to a ping: all that was sent before that ping has arrived.

        Returns whether that is more than was known.
        """
        has_news = self._in_flight.ponged(nonce)
        self._moved_at = self._loop.time()
        self.is_full = self.is_full and self._in_flight.pressure is Pressure.FULL
        if self.is_full and self._keepalive is not None and not self._in_flight.is_ping_last:
            self._keepalive.ping()  # Own frames went out behind the last one.
        if self._awaited:
            self._call_proved(self._awaited)
        self._let_in()
        return has_news

    def when_proved(self, then: Callable[[], None], *, soon: bool = False) -> None:
        """Call ``then`` when a pong proves that all that was sent so far has arrived.

        If it is wanted ``soon``, a ping goes out behind it, one for all that is asked for at the
        same moment. A peer that is gone proves nothing.
        """
        if self._keepalive is None:
            return
        if self._awaited is None:
            self._awaited = deque()
        self._awaited.append((self._in_flight.total, then))
        if soon:
            self._loop.call_soon(self._ping_behind)

    def expect_nothing(self) -> None:
        """Call nobody for what was sent so far: some of it was dropped on its way."""
        self._awaited = None

    async def room(self) -> None:
        """Wait until at most half of what may be in flight is, or the socket has ended."""
        while self._keepalive is not None and self._in_flight.unproved > self._limit // 2:
            if not self._in_flight.is_ping_last:
                self._keepalive.ping()
            self._proof = self._proof or asyncio.Event()
            self._proof.clear()
            await self._proof.wait()

    def _ping_behind(self) -> None:
        if self._keepalive is not None and self._awaited and not self._in_flight.is_ping_last:
            self._keepalive.ping()

    def _call_proved(self, awaited: deque[tuple[int, Callable[[], None]]]) -> None:
        while awaited and awaited[0][0] <= self._in_flight.arrived:
            awaited.popleft()[1]()

    def _ask_for_proof(self) -> None:
        pressure = self._in_flight.pressure
        if self._keepalive is None or pressure is Pressure.FINE:
            return
        if not self.is_full or pressure is Pressure.PING:
            self._keepalive.ping()
        if pressure is Pressure.FULL and not self.is_full:
            self.is_full = True
            SOCKETS_HELD_BACK.add()
            self._begin_watch()
        elif self._timer is None:
            self._begin_watch()

    def _begin_watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._moved_at = self._loop.time()
        self._watch()

    def _watch(self) -> None:
        self._timer = self._loop.call_later(LOOK_EVERY, self._look, self._left())

    def _look(self, left_before: float) -> None:
        """See whether what is in flight still moves."""
        self._timer = None
        sender, keepalive = self._sender, self._keepalive
        if sender is None or keepalive is None or self._in_flight.unproved <= self._limit // 2:
            return
        left, now = self._left(), self._loop.time()
        on_the_way = 0.0
        if left > left_before:
            self._moved_at = now
        if left == math.inf:
            on_the_way = self._time_on_a_slow_line(keepalive.silence)
        if self._moved_at + on_the_way >= now:
            keepalive.moving()
        elif self.is_full and now >= self._moved_at + on_the_way + PROOF_WITHIN:
            sender.too_slow()
            return
        self._watch()

    def _time_on_a_slow_line(self, silence: float) -> float:
        """Return the seconds that a large frame may take which has left this machine.

        ``silence`` is how long the peer waits for a frame: after that, this one is of no use.
        """
        return min(max(0, self._in_flight.until_proof - self._limit) / SLOW_LINE, silence)

    def _left(self) -> float:
        """Return how many bytes have left this machine; endless where none are seen to wait."""
        unsent = None if self._sender is None else self._sender.unsent()
        return self._in_flight.total - unsent if unsent else math.inf

    def _let_in(self) -> None:
        if self._proof is not None:
            self._proof.set()
