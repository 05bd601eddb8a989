"""One WebSocket connection that speaks ``realtime.v1``: its frames in and out, and its end."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from realtime.conf import realtime_settings
from realtime.protocol import frames
from realtime.protocol.backlog import Backlog
from realtime.protocol.close_codes import CloseCode, may_reconnect
from realtime.protocol.frames import Frame, FrameError
from realtime.protocol.in_flight import InFlight, Pressure
from realtime.protocol.rate import Rate
from realtime.sockets.drain import farewell
from realtime.sockets.keepalive import Keepalive
from realtime.sockets.transport import CLOSE_TIMEOUT, CUT_AFTER, Message, Send, Transport

logger = logging.getLogger(__name__)

OWN_FRAMES = 8
"""Times the limit that answers and snapshots may be in flight, before the proof has to come."""

PROOF_WITHIN = 2.0
"""Seconds within which a peer with too much in flight has to prove that something arrived."""

Command = Callable[[], Awaitable[None]]


class Socket:
    """The server's end of one connection.

    Heartbeats are answered as they come; commands wait their turn and one task runs them in
    order.
    """

    __slots__ = (
        "_backlog",
        "_commands",
        "_full",
        "_in_flight",
        "_keepalive",
        "_loop",
        "_proofs",
        "_rate",
        "_runner",
        "_settings",
        "_transport",
        "id",
        "user",
    )

    def __init__(self, send: Send) -> None:
        settings = realtime_settings()
        self.id = uuid.uuid4().hex[:12]
        self.user: Any = None
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._transport = Transport(send)
        self._in_flight = InFlight(settings.MAX_IN_FLIGHT_BYTES)
        self._rate = Rate(settings.MAX_FRAMES_PER_SECOND, now=self._loop.time())
        self._keepalive: Keepalive | None = None
        self._full = False
        self._proofs: asyncio.Event | None = None
        self._commands: list[Command] = []
        self._backlog: Backlog | None = None
        self._runner: asyncio.Task[None] | None = None
        farewell().add(self)

    @property
    def closing(self) -> bool:
        """Whether this socket has ended, or is about to."""
        return self._transport.closing

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds, None before the first."""
        return None if self._keepalive is None else self._keepalive.latency

    def welcome(self, me: str) -> None:
        """Say ``welcome`` and start the heartbeat."""
        logger.info("opened socket=%s me=%s", self.id, me)
        interval, timeout = self._settings.HEARTBEAT_INTERVAL, self._settings.HEARTBEAT_TIMEOUT
        now = int(time.time() * 1000)
        self.send_text(frames.welcome(self.id, interval, timeout, now=now, me=me))
        self._keepalive = Keepalive(
            self._transport,
            interval,
            timeout,
            on_stale=self._stale,
            on_ping=self._in_flight.pinged,
        )

    def received(self, text: str | None, command: Callable[[Frame], Awaitable[None]]) -> None:
        """Take one frame of the peer (None: a binary one); ``command`` runs what it asks for."""
        if self.closing:
            return
        try:
            frame = frames.decode(text, self._settings.MAX_FRAME_BYTES)
        except FrameError as error:
            if self._within_rate():
                logger.info("refused socket=%s code=%s reason=%s", self.id, error.code, error)
                self.send_text(frames.error(error.code, error.message, error.ref))
            return
        kind = frame["type"]
        if kind == "pong" and self._keepalive and self._keepalive.pong(frame["nonce"]):
            self._proved(frame["nonce"])
        elif not self._within_rate() or kind == "pong":
            return
        elif kind == "ping":
            self.send_text(frames.pong(frame["nonce"]))
        else:
            self.run(lambda: command(frame))

    def run(self, command: Command) -> None:
        """Run ``command`` after those that wait; a socket that has ended runs none."""
        if self.closing:
            return
        self._commands.append(command)
        if self._backlog is None:
            self._backlog = Backlog(self._flooded)
            self._runner = self._loop.create_task(self._run_commands(self._backlog))
        self._backlog.arrived()

    def send_text(self, text: str) -> None:
        """Send a frame of this socket's own; a peer that takes none of them is ended."""
        if self._in_flight.unproved > OWN_FRAMES * self._settings.MAX_IN_FLIGHT_BYTES:
            self.end(CloseCode.TOO_SLOW, cut_after=CUT_AFTER)
        else:
            self._send({"type": "websocket.send", "text": text}, len(text))

    def deliver(self, message: Message, size: int) -> bool:
        """Send a frame of ``size`` bytes that other sockets may get too.

        Returns False, and has sent nothing, where too much is in flight already.
        """
        if self._full:
            return False
        self._send(message, size)
        return True

    async def room(self) -> None:
        """Wait until at most half of what may be in flight is, or the socket has ended."""
        in_flight, half = self._in_flight, self._settings.MAX_IN_FLIGHT_BYTES // 2
        while in_flight.unproved > half and self._keepalive is not None and not self.closing:
            if not in_flight.is_asked_for:
                self._keepalive.ping()
            self._proofs = self._proofs or asyncio.Event()
            self._proofs.clear()
            await self._proofs.wait()

    def restart(self, after: int) -> None:
        """Send the peer away for ``after`` milliseconds: the server restarts."""
        self.end(CloseCode.RESTARTING, after=after)

    def end(
        self, code: CloseCode, *, cut_after: float = CLOSE_TIMEOUT, after: int | None = None
    ) -> None:
        """Say ``bye`` and close; cut the connection after ``cut_after`` seconds at the latest.

        ``after`` tells the peer how many milliseconds to wait before it comes back.
        """
        if self.closing:
            return
        logger.info("closed socket=%s code=%d reason=%s", self.id, code, code.reason)
        bye = frames.bye(code, code.reason, retry=may_reconnect(code), after=after)
        self._transport.close(code, bye, cut_after=cut_after)
        self._stop()

    def left(self) -> None:
        """Hear that the connection has ended."""
        if self._keepalive is not None and not self.closing:
            logger.info("left socket=%s", self.id)
        self._stop()
        farewell().discard(self)

    def _stop(self) -> None:
        self._transport.closing = True
        if self._keepalive is not None:
            self._keepalive.stop()
        self._let_in()
        self._commands.clear()
        if self._backlog is not None:
            self._backlog.stop()
        if self._runner is not None and self._runner is not asyncio.current_task():
            self._runner.cancel()

    def _stale(self) -> None:
        self.end(CloseCode.STALE, cut_after=CUT_AFTER)

    def _flooded(self) -> None:
        self.end(CloseCode.TOO_MANY_FRAMES)

    def _within_rate(self) -> bool:
        if self._rate.allows(self._loop.time()):
            return True
        self._flooded()
        return False

    def _send(self, message: Message, size: int) -> None:
        in_flight = self._in_flight
        in_flight.total += size
        self._transport.send(message)
        if in_flight.total >= in_flight.look_at:
            self._ask_for_proof()

    def _ask_for_proof(self) -> None:
        """Ping; past the limit nothing more is delivered until the proof comes, which it must."""
        pressure = self._in_flight.pressure
        if self._keepalive is None or self.closing or pressure is Pressure.FINE:
            return
        if not self._full or pressure is Pressure.PING:
            self._keepalive.ping()
        if pressure is Pressure.FULL and not self._full:
            self._full = True
            self._wait_for_proof()

    def _wait_for_proof(self) -> None:
        self._loop.call_later(PROOF_WITHIN, self._judge, self._in_flight.arrived)

    def _judge(self, arrived_then: int) -> None:
        if self.closing or not self._full:
            return
        if self._in_flight.arrived == arrived_then:
            self.end(CloseCode.TOO_SLOW, cut_after=CUT_AFTER)
        else:
            self._wait_for_proof()

    def _proved(self, nonce: str) -> None:
        self._in_flight.ponged(nonce)
        self._full = self._full and self._in_flight.pressure is Pressure.FULL
        self._let_in()

    def _let_in(self) -> None:
        """Have those look again who wait for room."""
        if self._proofs is not None:
            self._proofs.set()

    async def _run_commands(self, backlog: Backlog) -> None:
        try:
            while self._commands:
                command = self._commands.pop(0)
                backlog.took()
                await command()
        finally:
            self._runner = self._backlog = None
