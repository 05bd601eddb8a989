"""One WebSocket connection that speaks ``realtime.v1``: its greeting, and what the client sends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from realtime.counters import COMMANDS_REFUSED, HANDSHAKES_REFUSED
from realtime.exceptions import FrameError
from realtime.logs import LIMITED, get_logger
from realtime.protocol import frames, reading
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import Frame
from realtime.sockets.asgi import Send
from realtime.sockets.command_queue import Command, CommandQueue
from realtime.sockets.drain import running_drain
from realtime.sockets.freezer import running_freezer
from realtime.sockets.paced_peer import PacedPeer

logger = get_logger(__name__)

SMALL = 1024
"""Characters of a frame that is parsed as it comes; a larger one is no heartbeat, and waits."""

HEARTBEATS = ("ping", "pong")

KEPT = "send"
"""The command that is carried out after the end of its socket too: the page has acted already."""

ANSWERED_FOR = "realtime.answered_for"
"""The key of a scope whose pings are answered on their way: a pong proves nothing of the client."""

RunCommand = Callable[[Frame], Awaitable[None]]


class RealtimeSocket(PacedPeer):
    """The server's end of one connection.

    Heartbeats are answered as they come; commands wait their turn and one task runs them in order.
    """

    __slots__ = ("_commands", "login")

    def __init__(self, send: Send, *, is_answered_for: bool = False) -> None:
        super().__init__(send, is_answered_for=is_answered_for)
        self.login: Any = None
        self._commands = CommandQueue(self.id, self._loop, self)
        running_drain().add(self)
        running_freezer().opened(self)

    @property
    def user(self) -> Any:
        """The user who has signed in, None before that."""
        return None if self.login is None else self.login.user

    def welcome(self, login: Any, me: str | None) -> None:
        """Greet the user of ``login``, whose own stream is ``me``, and start the heartbeat.

        A visitor has no stream of their own.
        """
        logger.info("opened socket=%s me=%s", self.id, me)
        self.login = login
        interval, timeout = self._settings.HEARTBEAT_INTERVAL, self._settings.HEARTBEAT_TIMEOUT
        self._greet(interval, timeout, me, self._limits)
        self._flow.start(self, self._start_pinging(interval, timeout), random.random())

    def received(self, text: str | None, run: RunCommand) -> None:
        """Take one frame of the peer (None: a binary one); ``run`` carries out what it asks for."""
        if self.closing:
            return
        if text is None or len(text) <= SMALL:
            self._take_small(text, run)
        elif self._is_within_rate():
            self._spend(len(text))
            self._take_large(text, run)

    def run(self, command: Callable[[], Awaitable[None]]) -> None:
        """Run ``command`` after those that wait; a socket that has ended runs none."""
        if not self.closing:
            self._commands.add(Command(command))

    async def finished(self) -> None:
        """Wait, after the end, until the commands are carried out that the server has taken."""
        if (runner := self._commands.runner) is not None:
            await asyncio.wait({runner})

    def disconnected(self) -> None:
        """Note that the connection has ended."""
        if self._keepalive is not None and self.closed is None:
            logger.info("disconnected socket=%s", self.id)
        super().disconnected()

    def _count_close(self, code: CloseCode) -> None:
        super()._count_close(code)
        if self.login is None:
            HANDSHAKES_REFUSED.add(code.name.lower())

    @property
    def _limits(self) -> frames.Limits:
        settings = self._settings
        return {
            "frames_per_second": settings.MAX_FRAMES_PER_SECOND,
            "frame_bytes": settings.MAX_FRAME_BYTES,
            "streams": settings.MAX_STREAMS_PER_SOCKET,
        }

    @property
    def _is_stranger(self) -> bool:
        return self.login is None

    def _take_small(self, text: str | None, run: RunCommand) -> None:
        """Parse a frame before the rate is asked: a pong that answers a ping doesn't count."""
        try:
            frame = reading.decode(text, self._settings.MAX_FRAME_BYTES)
        except FrameError as error:
            if self._is_within_rate():
                self._refuse(error)
            return
        if frame["type"] in HEARTBEATS:
            self._take_heartbeat(frame)
        elif self._is_within_rate():
            self._spend(len(text or ""))
            self._commands.add(Command(partial(run, frame), kept=frame["type"] == KEPT))

    def _take_large(self, text: str, run: RunCommand) -> None:
        """Look at the length alone; what is in the frame may be anything, and waits its turn."""
        try:
            reading.check_size(text, self._settings.MAX_FRAME_BYTES)
        except FrameError as error:
            self._refuse(error)
        else:
            self._commands.add(Command(partial(self._run_large, text, run), kept=True))

    async def _run_large(self, text: str, run: RunCommand) -> None:
        await asyncio.sleep(0)  # Parsing takes up to 2 ms; others have their turn before it.
        try:
            frame = reading.decode(text, self._settings.MAX_FRAME_BYTES)
        except FrameError as error:
            self._refuse(error)
            return
        if frame["type"] in HEARTBEATS:
            self._take_heartbeat(frame)
        elif frame["type"] == KEPT or not self.closing:
            await run(frame)

    def _refuse(self, error: FrameError) -> None:
        about = self.id, error.code, error
        logger.info("refused socket=%s code=%s reason=%s", *about, extra=LIMITED)
        COMMANDS_REFUSED.add(error.code)
        self.send_text(frames.error(error.code, error.message, error.ref))

    def flooded(self) -> None:
        """Close: too many frames came."""
        self._commands.clear()
        super().flooded()

    def _stop(self) -> None:
        super()._stop()
        if self.login is None:
            self._commands.clear()
        self._commands.end()
        if (runner := self._commands.runner) is not None:
            running_drain().wait_for(runner)
