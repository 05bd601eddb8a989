"""When to ping, and when to give a peer up: the rules of one heartbeat, without a clock.

Every method takes ``now`` (seconds, any steady clock) and nothing here sleeps, sends or draws
random numbers. ``heartbeat.js`` holds the same rules; ``tests/vectors/heartbeat.json`` runs on
both.
"""

from __future__ import annotations

import math
from enum import StrEnum

PROBE_TIMEOUT = 3.0
"""Seconds that a client waits for the pong to its own ping."""

LATE = 1.0
"""Seconds by which this end may oversleep before it is itself the suspect."""

CHECK_CLOCK_EVERY = 5.0
"""Seconds between two checks of a client's clock.

On some systems timers stand still while the machine sleeps, and one timer for the whole of the
silence would sit out its rest after that.
"""


class Role(StrEnum):
    """The server pings by the clock; the client listens for that, and pings when in doubt."""

    SERVER = "server"
    CLIENT = "client"


class Verdict(StrEnum):
    """What the driver has to do now."""

    WAIT = "wait"
    PING = "ping"
    STALE = "stale"


class Heartbeat:
    """The state of one end's heartbeat.

    ``interval`` (seconds) lies between two pings of the server, ``timeout`` (seconds) is how long
    the server waits for a pong; the server announces both. ``jitter`` (0 to 1, drawn by the caller)
    delays the server's first ping, so that sockets which came together don't beat together.
    """

    __slots__ = (
        "_answer_within",
        "_check_clock_every",
        "_checked_at",
        "_in_flight",
        "_moving_at",
        "_next_ping",
        "_overslept",
        "_received_at",
        "_role",
        "_silence_limit",
        "interval",
        "latency",
    )

    def __init__(
        self, role: Role, interval: float, timeout: float, *, now: float, jitter: float = 1.0
    ) -> None:
        self._role = role
        self.interval = interval
        self.latency: float | None = None
        self._answer_within = timeout if role is Role.SERVER else PROBE_TIMEOUT
        self._silence_limit = math.inf if role is Role.SERVER else interval + timeout
        self._check_clock_every = math.inf if role is Role.SERVER else CHECK_CLOCK_EVERY
        self._received_at = self._checked_at = now
        self._moving_at = -math.inf
        self._overslept = False
        self._next_ping = now + jitter * interval if role is Role.SERVER else math.inf
        self._in_flight: dict[str, float] = {}

    @property
    def deadline(self) -> float:
        """The instant at which the peer is stale unless a frame comes before."""
        silence_ends = self._received_at + self._silence_limit
        if not self._in_flight:
            return silence_ends
        oldest = next(iter(self._in_flight.values()))
        return min(silence_ends, max(oldest, self._moving_at) + self._answer_within)

    @property
    def wake_at(self) -> float:
        """The instant at which to call ``wake`` next, unless something else happens before."""
        return min(self._due, self._next_ping)

    @property
    def _due(self) -> float:
        return min(self.deadline, self._checked_at + self._check_clock_every)

    def wake(self, now: float) -> Verdict:
        """Say what to do at ``now``; ``PING`` is to be followed by ``ping()``.

        Waking more than ``LATE`` seconds after a deadline, or after a check of the clock was due,
        shows that this process was stopped, and the peer's frames may lie unread: all clocks start
        again, with a ping. A client does so once, until a frame comes: a browser's timers may
        always be late, and it would ping without end.
        """
        late = now - self._due > LATE
        self._checked_at = now
        if late and (self._role is Role.SERVER or not self._overslept):
            self._overslept = True
            self._in_flight.clear()
            self._received_at = now
            return Verdict.PING
        if now >= self.deadline:
            return Verdict.STALE
        return Verdict.PING if now >= self._next_ping else Verdict.WAIT

    def ping(self, nonce: str, now: float) -> None:
        """Note that a ping with ``nonce`` goes out; a client's probe calls this too."""
        self._in_flight[nonce] = now
        if self._next_ping != math.inf:
            self._next_ping = now + self.interval

    def received(self, now: float) -> None:
        """Note that a frame of any kind came from the peer."""
        self._received_at = self._checked_at = now
        self._overslept = False

    def moving(self, now: float) -> None:
        """Note that what was sent before the pings in flight is still on its way to the peer."""
        self._moving_at = now

    def pong(self, nonce: str, now: float) -> float | None:
        """Take a pong; returns the round trip in seconds, or None if no such ping is in flight.

        It answers its own ping and all earlier ones, since the socket keeps their order.
        """
        sent_at = self._in_flight.get(nonce)
        if sent_at is None:
            return None
        while next(iter(self._in_flight)) != nonce:
            del self._in_flight[next(iter(self._in_flight))]
        del self._in_flight[nonce]
        if not self._in_flight:
            self._in_flight.clear()  # An emptied dict keeps 100 bytes that a cleared one does not.
        self.received(now)
        self.latency = now - sent_at
        return self.latency
