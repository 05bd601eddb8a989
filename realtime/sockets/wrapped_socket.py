"""Puts a heartbeat on the socket of an application that knows nothing of it.

It stands between the server and the application and reads the socket by itself, because an
application stops reading while it handles a message, and its peer's pongs would go unread.
"""

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
from realtime.protocol.rate import Rate
from realtime.sockets.drain import farewell
from realtime.sockets.keepalive import Keepalive
from realtime.sockets.transport import (
    CLOSE_TIMEOUT,
    CUT_AFTER,
    Message,
    Receive,
    Scope,
    Send,
    Transport,
)

logger = logging.getLogger(__name__)

SCOPE_KEY = "realtime.heartbeat"
NORMAL_CLOSURE = 1000
Application = Callable[[Scope, Receive, Send], Awaitable[Any]]


class HeartbeatSocket:
    """One socket with a heartbeat; ``receive`` and ``send`` are what its application gets.

    Until the application accepts, the attributes may be set: ``interval`` and ``timeout`` in
    seconds (None: the setting); ``required``, without which the first ping waits for the peer's
    first heartbeat; ``on_stale``, a message for the application before it hears of the disconnect.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self.real_send = send
        self.interval: float | None = None
        self.timeout: float | None = None
        self.required = True
        self.on_stale: Message | None = None
        self._id = uuid.uuid4().hex[:12]
        self._receive = receive
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._receiving = 0
        self._backlog = Backlog(lambda: self._end(CloseCode.TOO_MANY_FRAMES))
        self._reader: asyncio.Task[None] | None = None
        self._transport: Transport | None = None
        self._keepalive: Keepalive | None = None
        self._stood_down = False
        self._ended = False
        self._peer_speaks = False

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds, None before the first."""
        return None if self._keepalive is None else self._keepalive.latency

    def stand_down(self) -> None:
        """Leave the heartbeat to the application, which has one of its own."""
        self._stood_down = True

    async def run(self, application: Application, scope: Scope) -> Any:
        """Run the application on this socket until it returns."""
        try:
            returned = await application({**scope, SCOPE_KEY: self}, self.receive, self.send)
            if self._transport is not None and not self._ended:
                # Daphne would leave the socket open, with nobody at this end of it.
                await self.send({"type": "websocket.close", "code": NORMAL_CLOSURE})
            return returned
        finally:
            farewell().discard(self)
            self._backlog.stop()
            self._stop_pinging()
            if self._reader is not None:
                self._reader.cancel()

    async def receive(self) -> Message:
        """Hand the application its next message."""
        self._start_reading()
        self._receiving += 1
        try:
            message = await self._inbox.get()
        finally:
            self._receiving -= 1
        if message["type"] == "websocket.receive":
            self._backlog.took()
        return message

    async def send(self, message: Message) -> None:
        """Send the application's message; after the end of the socket, nothing is sent."""
        if self._transport is None:
            await self.real_send(message)
            if message["type"] == "websocket.accept" and not self._stood_down:
                self._accepted()
        elif not self._transport.closing:
            if message["type"] == "websocket.close":
                self._ended = True
                self._stop_pinging()
                self._transport.cut_later(CLOSE_TIMEOUT)
            try:
                await self.real_send(message)
            except OSError:  # The socket ended while the message waited for a peer that reads.
                if not self._transport.closing:
                    raise

    def _accepted(self) -> None:
        settings = realtime_settings()
        now = asyncio.get_running_loop().time()
        self._rate = Rate(settings.MAX_FRAMES_PER_SECOND, now=now)
        self.interval = self.interval or settings.HEARTBEAT_INTERVAL
        self.timeout = self.timeout or settings.HEARTBEAT_TIMEOUT
        self._transport = Transport(self.real_send)
        farewell().add(self)
        self._start_reading()
        self._transport.send_text(
            frames.welcome(self._id, self.interval, self.timeout, now=int(time.time() * 1000))
        )
        if self.required:
            self._start_pinging()

    def _start_pinging(self) -> None:
        assert self._transport and self.interval and self.timeout
        self._keepalive = Keepalive(
            self._transport, self.interval, self.timeout, on_stale=self._stale
        )

    def _stop_pinging(self) -> None:
        if self._keepalive is not None:
            self._keepalive.stop()

    def _start_reading(self) -> None:
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._stop_pinging()
                self._hand_over_disconnect(message)
                return
            heartbeat = self._transport and frames.heartbeat_frame(message.get("text"))
            if heartbeat:
                self._heard(heartbeat)
            else:
                self._inbox.put_nowait(message)
                if self._transport is not None:
                    self._backlog.arrived()

    def _hand_over_disconnect(self, message: Message) -> None:
        """Every ``receive`` that waits hears of it, and else the next one."""
        self._ended = True
        for _ in range(max(1, self._receiving)):
            self._inbox.put_nowait(message)

    def _heard(self, heartbeat: frames.Frame) -> None:
        assert self._transport is not None
        self._peer_speaks = True
        if self._keepalive is None:
            self._start_pinging()
        elif heartbeat["type"] == "pong" and self._keepalive.pong(heartbeat["nonce"]):
            return
        if not self._rate.allows(asyncio.get_running_loop().time()):
            self._end(CloseCode.TOO_MANY_FRAMES)
        elif heartbeat["type"] == "ping":
            self._transport.send_text(frames.pong(heartbeat["nonce"]))

    def restart(self, after: int) -> None:
        """Send the peer away for ``after`` milliseconds: the server restarts."""
        self._end(CloseCode.RESTARTING, after=after)

    def _stale(self) -> None:
        self._end(CloseCode.STALE, before=self.on_stale)

    def _end(
        self, code: CloseCode, *, before: Message | None = None, after: int | None = None
    ) -> None:
        """End the socket now; the application hears of it before anything that still waits."""
        if self._transport is None or self._transport.closing:
            return
        logger.info("closed socket=%s code=%d reason=%s", self._id, code, code.reason)
        self._stop_pinging()
        bye = frames.bye(code, code.reason, retry=may_reconnect(code), after=after)
        self._transport.close(code, bye if self._peer_speaks else None, cut_after=CUT_AFTER)
        if self._reader is not None:
            self._reader.cancel()
        while not self._inbox.empty():
            self._inbox.get_nowait()
        if before is not None:
            self._inbox.put_nowait(before)
        self._hand_over_disconnect({"type": "websocket.disconnect", "code": int(code)})
