"""What every kind of socket with a heartbeat has: its id, greeting, rate, pongs, drain and end."""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections.abc import Callable
from typing import NamedTuple

from realtime.conf import RealtimeSettings, realtime_settings
from realtime.counters import SOCKETS_CLOSED, SOCKETS_DISCONNECTED
from realtime.logs import LIMITED, get_logger
from realtime.protocol import frames
from realtime.protocol.close_codes import RIGHT_ENDED, CloseCode, may_reconnect
from realtime.protocol.frames import Frame
from realtime.protocol.rate import Rate
from realtime.sockets.asgi import ABNORMAL_CLOSURE, Send
from realtime.sockets.drain import running_drain
from realtime.sockets.freezer import running_freezer
from realtime.sockets.keepalive import Keepalive
from realtime.sockets.server_limits import check_limits
from realtime.sockets.transport import ABORT_AFTER, CLOSE_TIMEOUT, Transport

logger = get_logger(__name__)

FLUSH_TIMEOUT = 0.5
"""Seconds that an application which is cancelled takes to send its last frames."""

COUNTED_CODES = (1000, 1001, 1005, 1006, 1011, 1012)
"""Close codes of RFC 6455 that are counted apart; a peer may send any of thousands."""

OFTEN = (CloseCode.TOO_MANY_FRAMES, CloseCode.TOO_MANY_SOCKETS)
"""Ends that a user causes as often as they like."""


class Closed(NamedTuple):
    """How this end has closed a socket, and when by the loop's clock."""

    code: CloseCode
    at: float


class Peer:
    """The server's end of one connection; a subclass says what else ends with it."""

    __slots__ = ("_keepalive", "_loop", "_rate", "_settings", "_transport", "closed", "id")

    def __init__(self, send: Send) -> None:
        self.id = uuid.uuid4().hex[:12]
        self._settings: RealtimeSettings = realtime_settings()
        self._loop = asyncio.get_running_loop()
        check_limits(send)
        self._transport = Transport(send)
        self._rate = Rate(self._settings.MAX_FRAMES_PER_SECOND, now=self._loop.time())
        self._keepalive: Keepalive | None = None
        self.closed: Closed | None = None
        """Set when this end closes the socket, and sends nothing more."""

    @property
    def closing(self) -> bool:
        """Whether this end has closed the socket, or knows that it has ended."""
        return self._transport.closing

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds, None before the first."""
        return None if self._keepalive is None else self._keepalive.latency

    def send_text(self, text: str) -> None:
        """Send a frame of this socket's own."""
        self._transport.send_text(text)

    def drain(self, after: int) -> None:
        """Send the peer away for ``after`` milliseconds: the server restarts."""
        self.close(CloseCode.RESTARTING, after=after)

    async def cancelled(self) -> None:
        """Send the peer away, as the server cancels the application: so Hypercorn ends."""
        running_drain().cancelled(self)
        await self._transport.flush(FLUSH_TIMEOUT)

    def close(
        self,
        code: CloseCode,
        *,
        abort_after: float = CLOSE_TIMEOUT,
        after: int | None = None,
        reason: str = "",
    ) -> None:
        """Send ``bye`` and close; abort the connection after ``abort_after`` seconds at the latest.

        ``after`` tells the peer how many milliseconds to wait before it comes back. ``reason`` is
        for people; without one it is the code's own. On a socket that is closing already, the end
        of a right drops what waits before the ``bye``.
        """
        if self.closing:
            if code in RIGHT_ENDED:
                self.drop_waiting(lambda text: text != "" and not frames.is_bye(text))
            return
        reason = reason or code.reason
        is_limited = self._is_stranger or code in OFTEN
        logger.info(
            "closed socket=%s code=%d reason=%s",
            *(self.id, code, reason),
            extra=LIMITED if is_limited else None,
        )
        self._count_close(code)
        self.closed = Closed(code, self._loop.time())
        bye = frames.bye(code, reason, retry=may_reconnect(code), after=after)
        last = bye if self._understands_bye else None
        if code in RIGHT_ENDED:
            self.drop_waiting(lambda text: True)
            self._transport.close_patiently(code, last, abort_after=abort_after)
        else:
            self._transport.close(code, last, abort_after=abort_after)
        self._stop()

    def disconnected(self) -> None:
        """Note that the connection has ended."""
        running_drain().remove(self)
        running_freezer().ended(self)
        self._stop()

    def count_disconnect(self, code: int | None) -> None:
        """Count the end of a connection, unless this end had closed it.

        ``code`` is the close code that came; none comes with a broken connection.
        """
        if self.closed is None:
            code = code or ABNORMAL_CLOSURE
            SOCKETS_DISCONNECTED.add(str(code) if code in COUNTED_CODES else "other")

    def _count_close(self, code: CloseCode) -> None:
        SOCKETS_CLOSED.add(code.name.lower())

    @property
    def _is_stranger(self) -> bool:
        """Whether nobody knows whose socket this is."""
        return True

    @property
    def _understands_bye(self) -> bool:
        return True

    def _greet(
        self,
        interval: float,
        timeout: float,
        me: str | None = None,
        limits: frames.Limits | None = None,
    ) -> None:
        """Send ``welcome``; ``interval`` and ``timeout`` of the heartbeat are in seconds."""
        now = int(time.time() * 1000)
        self.send_text(frames.welcome(self.id, interval, timeout, now=now, me=me, limits=limits))

    def _start_pinging(self, interval: float, timeout: float) -> Keepalive:
        self._keepalive = Keepalive(self._transport, interval, timeout, self)
        return self._keepalive

    def _take_heartbeat(self, frame: Frame) -> bool:
        """Answer a ping, or take a pong; returns whether a pong proved that its ping arrived."""
        kind, nonce = frame["type"], frame["nonce"]
        if kind == "pong" and self._keepalive is not None and self._keepalive.pong(nonce):
            return True
        if self._is_within_rate() and kind == "ping":
            self.send_text(frames.pong(nonce))
        return False

    def _is_within_rate(self) -> bool:
        """Count a frame of the peer; one too many closes the socket."""
        if self._rate.allows(self._loop.time()):
            return True
        self.flooded()
        return False

    def pinged(self, nonce: str) -> None:
        """Note that a ping goes out."""

    def stale(self) -> None:
        """Give the peer up, which doesn't answer."""
        self.close(CloseCode.STALE, abort_after=ABORT_AFTER)

    def left(self) -> float:
        """Return how many bytes have left this machine; endless where that isn't known."""
        return math.inf

    def flooded(self) -> None:
        """Close: too many frames came."""
        self.close(CloseCode.TOO_MANY_FRAMES, abort_after=ABORT_AFTER)

    def drop_waiting(self, is_dropped: Callable[[str], bool]) -> None:
        """Drop the frames that wait for the peer and of which ``is_dropped`` says so.

        Never a ping: its pong is waited for.
        """
        self._transport.drop_waiting(is_dropped)

    def _stop(self) -> None:
        """Stop all that goes on for this socket."""
        self._transport.stop()
        if self._keepalive is not None:
            self._keepalive.stop()
