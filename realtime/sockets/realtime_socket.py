"""One WebSocket connection that speaks ``realtime.v1``: its frames in and out, and its commands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from realtime.exceptions import FrameError
from realtime.protocol import frames
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import Frame
from realtime.sockets.asgi import Message, Send
from realtime.sockets.drain import running_drain
from realtime.sockets.flow_control import FlowControl
from realtime.sockets.peer import Peer
from realtime.sockets.transport import ABORT_AFTER
from realtime.sockets.waiting_frames import WaitingFrames

logger = logging.getLogger(__name__)

Command = Callable[[], Awaitable[None]]


class RealtimeSocket(Peer):
    """The server's end of one connection.

    Heartbeats are answered as they come; commands wait their turn and one task runs them in
    order.
    """

    __slots__ = ("_commands", "_flow", "_runner", "_waiting", "user")

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.user: Any = None
        self._flow = FlowControl(
            self._settings.MAX_IN_FLIGHT_BYTES, self._loop, on_too_slow=self._too_slow
        )
        self._commands: list[Command] = []
        self._waiting: WaitingFrames | None = None
        self._runner: asyncio.Task[None] | None = None
        running_drain().add(self)

    def welcome(self, user: Any, me: str) -> None:
        """Greet the user, whose own stream is ``me``, and start the heartbeat."""
        logger.info("opened socket=%s me=%s", self.id, me)
        self.user = user
        interval, timeout = self._settings.HEARTBEAT_INTERVAL, self._settings.HEARTBEAT_TIMEOUT
        self._greet(interval, timeout, me, self._limits)
        self._flow.start(self._start_pinging(interval, timeout, self._flow.pinged))

    def received(self, text: str | None, command: Callable[[Frame], Awaitable[None]]) -> None:
        """Take one frame of the peer (None: a binary one); ``command`` runs what it asks for."""
        if self.closing:
            return
        try:
            frame = frames.decode(text, self._settings.MAX_FRAME_BYTES)
        except FrameError as error:
            if self._is_within_rate():
                logger.info("refused socket=%s code=%s reason=%s", self.id, error.code, error)
                self.send_text(frames.error(error.code, error.message, error.ref))
            return
        if frame["type"] in ("ping", "pong"):
            if self._take_heartbeat(frame):
                self._flow.proved(frame["nonce"])
        elif self._is_within_rate():
            self.run(lambda: command(frame))

    def run(self, command: Command) -> None:
        """Run ``command`` after those that wait; a socket that has ended runs none."""
        if self.closing:
            return
        self._commands.append(command)
        if self._waiting is None:
            self._waiting = WaitingFrames(self._loop, self._flooded)
            self._runner = self._loop.create_task(self._run_commands(self._waiting))
        self._waiting.arrived()

    def send_text(self, text: str) -> None:
        """Send a frame of this socket's own; a peer that takes none of them is cut off."""
        if self._flow.is_overrun:
            self._too_slow()
        else:
            self._transport.send_text(text)
            self._flow.sent(len(text))

    def deliver(self, message: Message, size: int) -> bool:
        """Send a frame of ``size`` bytes that other sockets may get too.

        Returns False, and has sent nothing, where too much is in flight already.
        """
        flow = self._flow
        if flow.is_full:
            return False
        self._transport.send(message)
        flow.sent(size)
        return True

    async def room(self) -> None:
        """Wait until at most half of what may be in flight is, or the socket has ended."""
        await self._flow.room()

    def disconnected(self) -> None:
        """Note that the connection has ended."""
        if self._keepalive is not None and not self.closing:
            logger.info("disconnected socket=%s", self.id)
        super().disconnected()

    @property
    def _limits(self) -> frames.Limits:
        settings = self._settings
        return {
            "frames_per_second": settings.MAX_FRAMES_PER_SECOND,
            "frame_bytes": settings.MAX_FRAME_BYTES,
            "streams": settings.MAX_STREAMS_PER_SOCKET,
        }

    def _too_slow(self) -> None:
        self.close(CloseCode.TOO_SLOW, abort_after=ABORT_AFTER)

    def _stop(self) -> None:
        super()._stop()
        self._flow.stop()
        self._commands.clear()
        if self._waiting is not None:
            self._waiting.stop()
        if self._runner is not None and self._runner is not asyncio.current_task():
            self._runner.cancel()

    async def _run_commands(self, waiting: WaitingFrames) -> None:
        try:
            while self._commands:
                command = self._commands.pop(0)
                waiting.took()
                await command()
        finally:
            self._runner = self._waiting = None
