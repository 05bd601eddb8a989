"""A browser's WebSocket, which shows each answer and each sign of its end.

It follows no redirect and uses no system proxy. It answers the control pings of servers, as
browsers do, and counts them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from realtime.doctor.address import Address
from realtime.doctor.rules.handshake import Answer
from realtime.doctor.rules.idle import End
from realtime.protocol.frames import SUBPROTOCOL

READ_SIZE = 64 * 1024
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})")
END_OF_HEADERS = b"\r\n\r\n"
CLOSE_WITHIN = 0.5
"""Seconds that the server has to answer a close."""


class RefusedHandshake(Exception):
    """The server, or something on the way, did not open the socket."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"The handshake was refused: {answer.brief()}.")
        self.answer = answer


class SocketEnded(Exception):
    """The socket ended while a frame was awaited."""

    def __init__(self, end: End) -> None:
        super().__init__(f"The socket ended: {end.signs}.")
        self.end = end


@dataclass(frozen=True)
class Visitor:
    """Where a browser goes, and what it brings along."""

    address: Address
    cookie: str | None = None
    tls: ssl.SSLContext | None = None
    """None where the address has no TLS."""
    names_origin: bool = True
    """False where the site refuses its own, so that the rest can be examined all the same."""

    @contextlib.asynccontextmanager
    async def socket(
        self,
        *,
        with_cookie: bool = True,
        origin: str | None = "",
        subprotocols: Sequence[str] = (SUBPROTOCOL,),
    ) -> AsyncIterator[Socket]:
        """Open a socket; an empty ``origin`` is that of the site's own pages, None sends none.

        Raises ``RefusedHandshake``, or ``OSError`` where there is no connection.
        """
        reader, writer = await asyncio.open_connection(
            self.address.host, self.address.port, ssl=self.tls
        )
        if origin == "":
            origin = self.address.origin if self.names_origin else None
        protocol = ClientProtocol(
            parse_uri(self.address.socket_url),
            origin=None if origin is None else Origin(origin),
            subprotocols=[Subprotocol(name) for name in subprotocols],
            extensions=[ClientPerMessageDeflateFactory(client_max_window_bits=True)],
            max_size=None,
        )
        socket = Socket(protocol, reader, writer)
        try:
            await socket.shake_hands(self.cookie if with_cookie else None)
            yield socket
        finally:
            await socket.close()


@dataclass(frozen=True)
class Arrival:
    """A message, as JSON where it is JSON, and when it came."""

    at: float
    message: Any


@dataclass
class Socket:
    """One connection, read by a task of its own."""

    protocol: ClientProtocol
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    pings: int = 0
    """Control pings of the server so far; no page sees them."""
    answer: Answer = field(default_factory=lambda: Answer(None))
    end: End | None = None

    def __post_init__(self) -> None:
        self._arrivals: asyncio.Queue[Arrival | None] = asyncio.Queue()
        self._kept: list[Arrival] = []
        self._task: asyncio.Task[None] | None = None
        self._now = asyncio.get_running_loop().time
        self._moved_at = self._now()  # A byte went or came last.

    @property
    def is_compressed(self) -> bool:
        """Whether compression was negotiated."""
        return bool(self.protocol.extensions)

    async def shake_hands(self, cookie: str | None) -> None:
        """Send the request and read the answer; raises ``RefusedHandshake``."""
        request = self.protocol.connect()
        if cookie is not None:
            request.headers["Cookie"] = cookie
        request.headers["User-Agent"] = "realtime_doctor"
        self.protocol.send_request(request)
        await self._flush()
        raw = b""
        while END_OF_HEADERS not in raw and (data := await self.reader.read(READ_SIZE)):
            raw += data
        self.answer = _answer_in(raw)
        if self.answer.status != 101:
            raise RefusedHandshake(self.answer)
        self.protocol.receive_data(raw)
        if (reason := self.protocol.handshake_exc) is not None:
            raise RefusedHandshake(Answer(101, self.answer.headers, str(reason)))
        self._take_events()
        self._task = asyncio.create_task(self._read())

    async def send(self, frame: dict[str, Any] | str) -> None:
        """Send an object as JSON, or a text."""
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self.protocol.send_text(text.encode())
        await self._flush()

    async def arrival(self) -> Arrival:
        """Return the next message; raises ``SocketEnded``."""
        arrival = await self._arrivals.get()
        if arrival is None:
            self._arrivals.put_nowait(None)
            assert self.end is not None
            raise SocketEnded(self.end)
        return arrival

    async def frame(self, *types: str) -> Arrival:
        """Return the next frame of one of these types, and answer pings on the way.

        Raises ``SocketEnded``.
        """
        while True:
            arrival = await self.arrival()
            kind = arrival.message.get("type") if isinstance(arrival.message, dict) else None
            if kind in types:
                return arrival
            if kind == "ping":
                await self.send({"type": "pong", "nonce": arrival.message["nonce"]})

    async def close(self) -> None:
        """Close it, and wait a moment for the server to do so."""
        if self._task is not None:
            with contextlib.suppress(Exception):  # A socket that is broken already can't be closed.
                self.protocol.send_close(1000)
                await self._flush()
            await asyncio.wait({self._task}, timeout=CLOSE_WITHIN)
            self._task.cancel()
        self.writer.transport.abort()

    async def _read(self) -> None:
        how = "the connection was ended without a close frame (FIN)"
        try:
            while data := await self.reader.read(READ_SIZE):
                self._moved_at = self._now()
                self.protocol.receive_data(data)
                self._take_events()
                await self._flush()
        except OSError as reason:
            how = f"the connection was reset ({reason.strerror or reason})"
        close = self.protocol.close_rcvd
        if close is not None:
            how = f"a close frame came, {close.code} {close.reason}".rstrip()
        self.end = End(self._now() - self._moved_at, how, None if close is None else close.code)
        self._arrivals.put_nowait(None)

    def _take_events(self) -> None:
        for event in self.protocol.events_received():
            if isinstance(event, Response):
                continue
            assert isinstance(event, Frame)
            if event.opcode is Opcode.PING:
                self.pings += 1
            elif event.opcode in (Opcode.TEXT, Opcode.BINARY):
                self._arrivals.put_nowait(Arrival(self._now(), _read_json(bytes(event.data))))

    async def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self._moved_at = self._now()
                self.writer.write(data)
        with contextlib.suppress(OSError):  # The reader notes how it ended.
            await self.writer.drain()


def _read_json(data: bytes) -> Any:
    text = data.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _answer_in(raw: bytes) -> Answer:
    """Read the head of an answer: a proxy may speak HTTP/1.0, or go on with a long page."""
    line = STATUS_LINE.match(raw)
    if line is None:
        return Answer(None, {}, "the answer was not HTTP" if raw else "the connection was closed")
    headers = Headers()
    for text in raw.partition(END_OF_HEADERS)[0].decode("latin-1").split("\r\n")[1:]:
        name, _, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Answer(int(line[1]), {name: headers.get_all(name)[0] for name in headers}, "")
