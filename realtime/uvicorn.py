"""A WebSocket protocol for Uvicorn that sends to many at a fraction of the cost.

``uvicorn --ws realtime.uvicorn:WebSocketProtocol project.asgi:application``. It is Uvicorn's own
``websockets-sansio`` but for five things: the frame of a text is built once for all sockets that
get it; what one round of the event loop sends to a socket goes out with one system call; reading
does not stop and start for each message; an idle socket takes 5 KiB less; and a stranger can send
neither compressed nor very large frames. Applications need not know of it.
"""

from __future__ import annotations

import asyncio
import copy
from functools import lru_cache
from struct import pack
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

from realtime.concurrency.rounds import running_round
from realtime.conf import realtime_settings
from realtime.sockets.server_limits import UVICORNS_MAX_SIZE

__all__ = ["WebSocketProtocol"]

MAX_JOINED = 64 * 1024
"""Bytes that wait for the end of a round; with as many, asyncio's transports say stop."""

WHOLE_TEXT = 0x81
"""The first byte of a text that is one frame (RFC 6455, 5.2); websockets takes 3 µs more for it."""

TOLERANCE = 2
"""Times ``MAX_FRAME_BYTES`` that is read: a frame a little too large gets an answer in words, one
that is larger ends the socket."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Give it to Uvicorn with ``--ws``, or as ``Config(ws=WebSocketProtocol)``."""

    __slots__ = ("_joined", "_takes_frames")

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(limited(config), *args, **kwargs)

    def connection_made(self, transport: Any) -> None:
        self.queue: Any = Inbox()
        self._joined = JoinedWrites(transport)
        self._takes_frames = False
        super().connection_made(self._joined)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        self._takes_frames = False
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self._takes_frames = False
        super().pause_writing()

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

    def handle_cont(self, event: Frame) -> None:
        """Keep a part of a message; empty ones would pile up, because they count for no limit."""
        if event.data or event.fin:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand over a message, and stop reading only if the one before it was not taken yet.

        After a close Uvicorn reads on, for the peer's answer to it.
        """
        self.read_paused = True  # Uvicorn does not pause then, and goes on once all is taken.
        super().send_receive_event_to_app()
        if self.queue.qsize() > 1 and not self.close_sent:
            self.transport.pause_reading()


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


class Inbox:
    """The messages of the peer; an ``asyncio.Queue``, empty or not, would take 3 KiB."""

    __slots__ = ("_come", "_taking", "_waiters")

    def __init__(self) -> None:
        self._come: list[Any] = []
        self._taking: list[Any] = []
        """The oldest messages, the first at the end: taking from the front costs the length."""
        self._waiters: list[asyncio.Future[None]] = []

    def qsize(self) -> int:
        """Return how many messages wait."""
        return len(self._come) + len(self._taking)

    def empty(self) -> bool:
        """Tell whether no message waits."""
        return not (self._come or self._taking)

    def put_nowait(self, message: Any) -> None:
        """Add a message, and wake all that wait for one."""
        self._come.append(message)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def get(self) -> Any:
        """Take the oldest message, or wait for one."""
        while self.empty():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                self._waiters.remove(waiter)
        if not self._taking:
            self._come.reverse()
            self._taking, self._come = self._come, self._taking
        return self._taking.pop()


class JoinedWrites:
    """A transport that joins what is written within one round of the event loop."""

    __slots__ = ("_bytes", "_round", "_transport", "_waiting", "is_closed")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.is_closed = False
        self._transport = transport
        self._round = running_round()
        self._waiting: list[bytes] = []
        self._bytes = 0

    def write(self, data: bytes) -> None:
        """Write at the end of the round, or now if that is much."""
        if not self._waiting:
            self._round.ends_with(self.flush)
        self._waiting.append(data)
        self._bytes += len(data)
        if self._bytes > MAX_JOINED:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            if not self._transport.is_closing():
                self._transport.write(data)

    def close(self) -> None:
        """Write what waits, and close; a close frame is the last of it."""
        self.flush()
        self.is_closed = True
        self._transport.close()

    def abort(self) -> None:
        """End the connection; what waits is lost."""
        self._waiting.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Pass it on."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Pass it on."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Pass it on."""
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Return the bytes that have not been handed to the kernel."""
        return self._transport.get_write_buffer_size() + self._bytes

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Pass it on."""
        return self._transport.get_extra_info(name, default)


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
