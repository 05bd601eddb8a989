"""Drives the server's heartbeat of one socket: the clock and the sending for the pure rules."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Protocol

from realtime.concurrency.timers import SLOT, timers
from realtime.counters import HEARTBEATS_LATE, HEARTBEATS_SENT, LATENCY
from realtime.protocol import frames
from realtime.protocol.heartbeat import LATE, Heartbeat, Role, Verdict
from realtime.sockets.transport import Transport

SECOND_CHECK_AFTER = 0.05
"""Seconds between a verdict and its execution, in which a pong that lies unread is read.

A process that was stopped across the deadline runs its timers before it reads its sockets.
"""


SEEN_MOVING_FOR = 2.0
"""Seconds before a verdict in which it counts if something that waits leaves this machine."""


class Pinging(Protocol):
    """Whose heartbeat it is; functions in its place would be more objects for each socket."""

    def pinged(self, nonce: str) -> None:
        """Note that a ping goes out."""

    def stale(self) -> None:
        """Give the peer up, which doesn't answer."""

    def left(self) -> float:
        """Return how many bytes have left this machine, and infinity where none wait.

        A ping may stand behind a large frame that a slow line takes.
        """


class Keepalive:
    """Pings over ``transport`` for ``owner``, until ``stop`` or until the peer is stale.

    ``interval`` and ``timeout`` are in seconds.
    """

    __slots__ = (
        "_heartbeat",
        "_left_before",
        "_loop",
        "_owner",
        "_second_check",
        "_slot",
        "_timeout",
        "_timers",
        "_transport",
    )

    def __init__(
        self, transport: Transport, interval: float, timeout: float, owner: Pinging
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers = timers.current()
        self._transport = transport
        self._owner: Pinging | None = owner
        self._left_before = math.inf
        self._timeout = timeout
        self._second_check = False
        self._heartbeat = Heartbeat(
            Role.SERVER, interval, timeout, now=self._loop.time(), jitter=random.random()
        )
        self._slot = self._timers.add(self._heartbeat.wake_at, self)

    @property
    def silence(self) -> float:
        """Seconds without any frame after which the peer gives this end up."""
        return self._heartbeat.interval + self._timeout

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds, None before the first."""
        return self._heartbeat.latency

    def ping(self) -> None:
        """Ping now."""
        nonce = f"{random.getrandbits(32):08x}"
        self._heartbeat.ping(nonce, self._loop.time())
        if self._owner is not None:
            self._owner.pinged(nonce)
        self._transport.send_text(frames.ping(nonce))
        HEARTBEATS_SENT.add()
        self._wake_next()

    def moving(self) -> None:
        """Give the pings that are open more time: what was sent before them still moves."""
        self._heartbeat.moving(self._loop.time())

    def pong(self, nonce: str) -> bool:
        """Take the peer's pong; returns whether it answers a ping in flight."""
        latency = self._heartbeat.pong(nonce, self._loop.time())
        if latency is None:
            return False
        LATENCY.add(latency)
        return True

    def stop(self) -> None:
        """Stop for good."""
        self._timers.discard(self._slot, self)
        self._owner = None  # Which refers to this one.

    def wake(self) -> None:
        """Do what the rules say now."""
        now = self._loop.time()
        if now - self._slot * SLOT > LATE:
            HEARTBEATS_LATE.add()
        verdict = self._heartbeat.wake(now)
        if verdict is Verdict.PING:
            self.ping()
        elif verdict is Verdict.WAIT:
            self._wake_next()
        elif self._left() > self._left_before:
            self.moving()
            self._wake_next()
        elif self._second_check:
            if self._owner is not None:
                self._owner.stale()
        else:
            self._wake_at(self._loop.time() + SECOND_CHECK_AFTER)
            self._second_check = True

    def _wake_next(self) -> None:
        """Wake for the rules, or before a verdict, to note how much has left by then."""
        wake_at, note_at = self._heartbeat.wake_at, self._heartbeat.deadline - self._noted_before
        if self._loop.time() < note_at:
            self._wake_at(min(wake_at, note_at))
        else:
            self._left_before = self._left()
            self._wake_at(wake_at)

    def _left(self) -> float:
        return math.inf if self._owner is None else self._owner.left()

    @property
    def _noted_before(self) -> float:
        return min(SEEN_MOVING_FOR, self._timeout / 2)

    def _wake_at(self, when: float) -> None:
        self._second_check = False
        self._timers.discard(self._slot, self)
        self._slot = self._timers.add(when, self)
