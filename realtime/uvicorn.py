"""A WebSocket protocol for Uvicorn that sends to many at a fraction of the cost.

``uvicorn --ws realtime.uvicorn:WebSocketProtocol project.asgi:application``. It is Uvicorn's own
``websockets-sansio`` but for eight things: the frame of a text is built once for all sockets that
get it; what one round of the event loop sends to a socket goes out with one system call; reading
does not stop and start for each message; a short text is read past the parser; an idle socket takes
10 KiB less; one of ``RealtimeConsumer`` needs no task; pongs don't pile up for a peer that does not
read; and a stranger can send neither compressed nor very large frames. Applications need not know
of it.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from struct import pack
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, apply_mask  # type: ignore[attr-defined]
from websockets.protocol import State
from websockets.streams import StreamReader

from realtime.conf import realtime_settings
from realtime.sockets.inbox import Gate, Inbox
from realtime.sockets.joined_writes import JoinedWrites
from realtime.sockets.listening import Listener, Listening
from realtime.sockets.server_limits import UVICORNS_MAX_SIZE

__all__ = ["WebSocketProtocol"]

WHOLE_TEXT = 0x81
"""The first byte of a text that is one frame (RFC 6455, 5.2); websockets takes 3 µs more for it."""

COMMON = frozenset(
    (
        *(b"accept-encoding", b"accept-language", b"cache-control", b"connection", b"host"),
        *(b"origin", b"pragma", b"sec-websocket-extensions", b"sec-websocket-version"),
        *(b"upgrade", b"user-agent"),
    )
)
"""The headers that are the same in many handshakes; none of them holds a secret."""

MASKED = 0x80
"""The bit of the second byte that says that a mask follows; with up to 125, no length does."""

AT_A_FRAME = StreamReader.at_eof.__code__
"""Where the parser of websockets waits when it has read whole frames only."""

TOLERANCE = 2
"""Times ``MAX_FRAME_BYTES`` that is read: a frame a little too large gets an answer in words, one
that is larger ends the socket."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Give it to Uvicorn with ``--ws``, or as ``Config(ws=WebSocketProtocol)``."""

    # Uvicorn's own attributes are so many that they would take a dict of 1.6 KiB.
    __slots__ = (
        *("_joined", "_late_pong", "_takes_frames", "app", "app_state", "asgi_version", "client"),
        *("close_sent", "close_timeout", "close_timer", "config", "conn", "connections"),
        *("curr_msg_data_type", "default_headers", "disconnected", "frames", "handshake_complete"),
        *("handshake_initiated", "initial_response", "last_ping_rtt", "logger", "loop"),
        *("pending_ping_payload", "ping_interval", "ping_sent_at", "ping_timeout", "ping_timer"),
        *("pong_timer", "queue", "read_paused", "request", "response", "root_path", "scheme"),
        *("scope", "server", "tasks", "transport", "writable"),
    )

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(limited(config), *args, **kwargs)
        self.queue: Any = Inbox()
        self.writable: Any = Gate()
        self._late_pong: bytes | None = None

    def connection_made(self, transport: Any) -> None:
        self._joined = JoinedWrites(transport)
        self._takes_frames = False
        super().connection_made(self._joined)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        self._takes_frames = False
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self._takes_frames = False
        super().pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._late_pong is not None and self.conn.state is State.OPEN:
            self.transport.write(self._late_pong)
        self._late_pong = None

    def handle_ping(self) -> None:
        """Answer a peer that reads; the last answer is enough for one that does so later."""
        if self.writable.is_set() or self.conn.state is not State.OPEN:
            super().handle_ping()  # Which sends the answer to a close too, if one came with it.
        elif pong := b"".join(self.conn.data_to_send()):
            self._late_pong = pong

    def data_received(self, data: bytes) -> None:
        """Read as Uvicorn does, or, where that is a short text alone, past websockets' parser."""
        conn: Any = self.conn
        length = len(data) - 6
        is_text = 0 <= length < 126 and data[0] == WHOLE_TEXT and data[1] == MASKED | length
        if is_text and conn.parser is None and conn.state is State.OPEN:
            self.curr_msg_data_type = "text"
            self.frames = [apply_mask(data[6:], data[2:6])]
            self.send_receive_event_to_app()
            return
        if conn.parser is None:
            conn.parser = conn.parse()
            next(conn.parser)
        super().data_received(data)
        self._drop_parser()

    def _drop_parser(self) -> None:
        """Drop the parser between two messages; it takes 1.4 KiB with what it has read last."""
        conn: Any = self.conn
        has_part = conn.current_size is not None
        if has_part or conn.state is not State.OPEN or conn.debug:  # websockets logs frames.
            return
        if (step := conn.parser) is None:  # An eager task accepts while the handshake is read.
            return
        while (inner := step.gi_yieldfrom) is not None:
            step = inner
        if step.gi_code is AT_A_FRAME:
            conn.parser = None

    async def send(self, message: Any) -> None:
        """Send as Uvicorn does, or, where nothing but the text matters, its ready-made frame."""
        text = message.get("text")
        if self._takes_frames and text is not None and not self._joined.is_closed:
            self._joined.write(frame_of(text))
        else:
            await super().send(message)
            self._takes_frames = self.conn.state is State.OPEN and self.writable.is_set()
            if message["type"] == "websocket.accept":
                del self.request, self.response  # 3 KiB of headers, which the scope has too.
                self._drop_parser()

    def handle_connect(self, event: Any) -> None:
        """Begin a socket, whose scope shares with others the headers that are equal."""
        super().handle_connect(event)
        if not self.handshake_complete:  # Else it was refused.
            headers: Any = self.scope["headers"]
            headers[:] = [one if one[0] not in COMMON else shared(one) for one in headers]

    def handle_cont(self, event: Frame) -> None:
        """Keep a part of a message; empty ones would pile up, because they count for no limit."""
        if event.data or event.fin:
            super().handle_cont(event)

    async def receive(self) -> Any:
        """Take the oldest message, or wait for one, and read on when none is left."""
        inbox = self.queue
        while inbox.empty():
            waiter = self.loop.create_future()
            inbox.waiters.append(waiter)
            try:
                await waiter
            finally:
                inbox.waiters.remove(waiter)
        message = inbox.take()
        if self.read_paused and inbox.empty():
            self.read_paused = False
            self.transport.resume_reading()
        return message

    def listen(self, listener: Listener) -> bool:
        """Hand all that comes to ``listener`` from now on, so that the application may return.

        Uvicorn pings no more: who listens has a heartbeat of its own. Returns False, and has done
        nothing, for a connection that ended before it was accepted, and on a Uvicorn older than
        0.53, which has no such timer and closes every connection whose application returns.
        """
        if not self.handshake_complete or not hasattr(self, "close_timer"):
            return False
        self.stop_keepalive()
        inbox, self.queue = self.queue, Listening(listener, self.tasks)
        del self.scope
        # Together 0.6 KiB, which from now on nobody reads but a log for the libraries' own authors.
        conn: Any = self.conn
        self.client = self.server = conn.id = None
        while not inbox.empty():
            self.queue.put_nowait(inbox.take())
        self.close_timer = NO_TIMER  # Last, so that Uvicorn closes what has failed before.
        self.transport.resume_reading()
        return True

    def send_receive_event_to_app(self) -> None:
        """Hand over a message, and stop reading only if the one before it was not taken yet.

        After a close Uvicorn reads on, for the peer's answer to it.
        """
        self.read_paused = True  # Uvicorn does not pause then, and goes on once all is taken.
        super().send_receive_event_to_app()
        if self.queue.qsize() > 1 and not self.close_sent:
            self.transport.pause_reading()


@lru_cache(maxsize=256)
def shared(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return a header that is equal, and the same for all: a browser sends 1.5 KiB of them."""
    return header


@lru_cache(maxsize=8)
def limited(config: Config) -> Config:
    """Return the configuration without compression, and with a limit for frames from clients.

    That is twice ``MAX_FRAME_BYTES``, unless ``--ws-max-size`` names another.
    """
    config = copy.copy(config)
    config.ws_per_message_deflate = False
    if config.ws_max_size == UVICORNS_MAX_SIZE:
        config.ws_max_size = TOLERANCE * realtime_settings().MAX_FRAME_BYTES
    return config


class NoTimer:
    """Stands where Uvicorn has a timer while it waits for a peer to close.

    It closes a connection whose application returns, but for one that waits so.
    """

    def cancel(self) -> None:
        """Do nothing."""


NO_TIMER: Any = NoTimer()


@lru_cache(maxsize=8)
def frame_of(text: str) -> bytes:
    """Return the bytes of an uncompressed text frame."""
    data = text.encode()
    size = len(data)
    if size < 126:
        head = pack("!BB", WHOLE_TEXT, size)
    elif size < 1 << 16:
        head = pack("!BBH", WHOLE_TEXT, 126, size)
    else:
        head = pack("!BBQ", WHOLE_TEXT, 127, size)
    return head + data
