"""Puts a heartbeat on the socket of an application that knows nothing of it.

It stands between the server and the application and reads the socket by itself, because an
application stops reading while it handles a message, and its peer's pongs would go unread.
"""

from __future__ import annotations

import asyncio
import math
from enum import StrEnum
from typing import Any

from realtime.logs import LIMITED, get_logger
from realtime.protocol import reading
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import Frame
from realtime.sockets.asgi import (
    ABNORMAL_CLOSURE,
    NO_STATUS_RECEIVED,
    Application,
    Message,
    Receive,
    Scope,
    Send,
)
from realtime.sockets.drain import running_drain
from realtime.sockets.freezer import running_freezer
from realtime.sockets.heartbeat_options import HeartbeatOptions
from realtime.sockets.peer import Peer
from realtime.sockets.severable import severable
from realtime.sockets.transport import ABORT_AFTER, CLOSE_TIMEOUT
from realtime.sockets.waiting_frames import WaitingFrames

logger = get_logger(__name__)

SCOPE_KEY = "realtime.heartbeat"
"""The key of an application's scope under which it finds its ``WrappedSocket``."""

NORMAL_CLOSURE = 1000
"""RFC 6455, section 7.4.1."""


class State(StrEnum):
    """How far a wrapped socket has come."""

    CONNECTING = "connecting"
    """The application has not accepted yet."""
    BYPASSED = "bypassed"
    """The application has a heartbeat of its own."""
    OPEN = "open"
    CLOSING = "closing"
    """One side has closed it, or the peer is gone."""


class WrappedSocket(Peer):
    """One socket with a heartbeat; ``receive`` and ``send`` are what its application gets."""

    def __init__(
        self, receive: Receive, send: Send, options: HeartbeatOptions | None = None
    ) -> None:
        receive, send = severable(receive, send)
        super().__init__(send)
        self.real_send = send
        self._receive = receive
        self._options = options or HeartbeatOptions()
        self._state = State.CONNECTING
        self._peer_has_heartbeat = False
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._receiving = 0
        self._sent = 0
        self._code = ABNORMAL_CLOSURE
        self._waiting = WaitingFrames(self._loop, self.flooded)
        self._reader: asyncio.Task[None] | None = None

    def override(self, options: HeartbeatOptions) -> None:
        """Set what the application wants otherwise; without effect after it has accepted."""
        self._options = self._options.overridden_by(options)

    def bypass(self) -> None:
        """Leave the heartbeat to the application, which has one of its own."""
        self._state = State.BYPASSED

    async def run(self, application: Application, scope: Scope) -> Any:
        """Run the application on this socket until it returns."""
        running_drain()  # It takes SIGTERM over, which may come while this is the first socket.
        try:
            returned = await application({**scope, SCOPE_KEY: self}, self.receive, self.send)
            if self._state is State.OPEN:
                # Daphne would leave the socket open, with nobody at this end of it.
                await self.send({"type": "websocket.close", "code": NORMAL_CLOSURE})
            # Granian ends a connection when its application returns, whatever is still to be sent.
            await self._transport.flush(ABORT_AFTER)
            return returned
        except asyncio.CancelledError:
            await self.cancelled()
            raise
        finally:
            if self._state in (State.OPEN, State.CLOSING):
                self.count_disconnect(self._code)
                running_freezer().ended(self)
            running_drain().remove(self)
            self._stop_heartbeat()
            self._stop_reading()

    async def receive(self) -> Message:
        """Hand the application its next message."""
        self._start_reading()
        self._receiving += 1
        try:
            message = await self._inbox.get()
        finally:
            self._receiving -= 1
        if message["type"] == "websocket.receive":
            self._waiting.took()
        return message

    async def send(self, message: Message) -> None:
        """Send the application's message; nothing after this end has closed the socket."""
        if self.closing:
            return
        if message["type"] == "websocket.close" and self._state is State.OPEN:
            self._state = State.CLOSING
            self._code = message.get("code") or NORMAL_CLOSURE
            self._stop_heartbeat()
            self._transport.abort_later(CLOSE_TIMEOUT)
        try:
            await self.real_send(message)
            self._sent += len(message.get("text") or message.get("bytes") or "")
        except OSError:  # The socket ended while the message waited for a peer that reads.
            if not self.closing:
                raise
        if message["type"] == "websocket.accept" and self._state is State.CONNECTING:
            self._open()

    @property
    def _understands_bye(self) -> bool:
        return self._peer_has_heartbeat

    @property
    def _interval(self) -> float:
        return self._options.interval or self._settings.HEARTBEAT_INTERVAL

    @property
    def _timeout(self) -> float:
        return self._options.timeout or self._settings.HEARTBEAT_TIMEOUT

    def _open(self) -> None:
        self._state = State.OPEN
        running_drain().add(self)
        running_freezer().opened(self)
        self._start_reading()
        self._greet(self._interval, self._timeout)
        if self._options.required:
            self._start_pinging(self._interval, self._timeout)

    def left(self) -> float:
        """Return how many bytes have left this machine; endless where none are seen to wait."""
        unsent = self._transport.unsent()
        return self._sent - unsent if unsent else math.inf

    def _start_reading(self) -> None:
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())

    def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader.cancel()

    async def _read(self) -> None:
        while True:
            message = await self._next_message()
            if message["type"] == "websocket.disconnect":
                if self._state is not State.CLOSING:
                    self._code = message.get("code") or NO_STATUS_RECEIVED
                self._stop_heartbeat()
                self._hand_over_disconnect({"code": NO_STATUS_RECEIVED, **message})
                return
            heartbeat = self._heartbeat_in(message)
            if heartbeat is not None:
                self._received_heartbeat(heartbeat)
            else:
                self._inbox.put_nowait(message)
                if message["type"] == "websocket.receive":
                    self._waiting.arrived()

    async def _next_message(self) -> Message:
        """Return the peer's next message; an end that the server raises becomes a disconnect."""
        try:
            return await self._receive()
        except Exception as error:
            if not isinstance(error, OSError):
                about = self.id, error
                logger.error("receive failed socket=%s error=%r", *about, extra=LIMITED)
            return {"type": "websocket.disconnect", "code": ABNORMAL_CLOSURE}

    def _heartbeat_in(self, message: Message) -> Frame | None:
        has_heartbeat = self._state in (State.OPEN, State.CLOSING)
        return reading.heartbeat_frame(message.get("text")) if has_heartbeat else None

    def _received_heartbeat(self, frame: Frame) -> None:
        if self._state is not State.OPEN:
            return
        self._peer_has_heartbeat = True
        if self._keepalive is None:
            self._start_pinging(self._interval, self._timeout)
        self._take_heartbeat(frame)

    def _hand_over_disconnect(self, message: Message) -> None:
        """Give it to every ``receive`` that waits, or to the next one."""
        if self._state is State.OPEN:
            self._state = State.CLOSING
        for _ in range(max(1, self._receiving)):
            self._inbox.put_nowait(message)

    def close(
        self,
        code: CloseCode,
        *,
        abort_after: float = ABORT_AFTER,
        after: int | None = None,
        reason: str = "",
    ) -> None:
        """Send ``bye`` and close; the application gets the disconnect before all that waits."""
        if self._state is not State.OPEN or self.closing:
            return
        super().close(code, abort_after=abort_after, after=after, reason=reason)
        while not self._inbox.empty():
            self._inbox.get_nowait()
        if code is CloseCode.STALE and self._options.on_stale is not None:
            self._inbox.put_nowait(self._options.on_stale)
        self._hand_over_disconnect({"type": "websocket.disconnect", "code": int(code)})

    def _stop(self) -> None:
        super()._stop()
        self._waiting.stop()
        self._stop_reading()

    def _stop_heartbeat(self) -> None:
        self._waiting.stop()
        if self._keepalive is not None:
            self._keepalive.stop()
