"""A WebSocket of the standard library alone, for a short conversation in JSON.

The doctor's own, in ``browser``, shows every sign of an end, and needs the package websockets.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from realtime.doctor.address import Address
from realtime.doctor.outside.network import tls_context
from realtime.doctor.rules.handshake import Answer
from realtime.protocol.frames import SUBPROTOCOL

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
"""RFC 6455, section 5.2."""
FIN = 0x80
MASKED = 0x80
MAX_PAYLOAD = 1024 * 1024
"""Bytes of one frame that are read."""
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3: what the server puts behind the key."""


class HandshakeRefused(Exception):
    """No socket was opened."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"The handshake was refused: {answer.brief()}.")
        self.answer = answer


@contextlib.asynccontextmanager
async def plain_socket(address: Address, cookie: str | None) -> AsyncIterator[PlainSocket]:
    """Open a socket as a page of the site does, and close it in the end.

    Raises ``HandshakeRefused``, or ``OSError`` where there is no connection.
    """
    tls = tls_context(trusting=False, alpn=["http/1.1"]) if address.is_secure else None
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=tls)
    try:
        answer = await _shake_hands(address, cookie, reader, writer)
        if not answer.accepted:
            raise HandshakeRefused(answer)
        socket = PlainSocket(answer, reader, writer)
        yield socket
        socket.write(CLOSE, struct.pack("!H", 1000))
    finally:
        writer.close()


async def _shake_hands(
    address: Address,
    cookie: str | None,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> Answer:
    key = base64.b64encode(os.urandom(16))
    headers = {
        "Host": address.netloc,
        "Origin": address.origin,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key.decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": SUBPROTOCOL,
        "User-Agent": "realtime_check",
        **({} if cookie is None else {"Cookie": cookie}),
    }
    lines = [f"GET {address.path} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.split("\r\n")
        status = int(first.split(" ")[1])
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError, ValueError):
        return Answer(None, {}, "it was not HTTP")
    given = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    expected = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    is_wrong = status == 101 and given.get("sec-websocket-accept") != expected
    return Answer(status, given, "it has another Sec-WebSocket-Accept" if is_wrong else "")


@dataclass(frozen=True)
class PlainSocket:
    """An open socket, and how its handshake was answered."""

    answer: Answer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, frame: dict[str, Any]) -> None:
        """Send an object as JSON."""
        self.write(TEXT, json.dumps(frame).encode())

    async def frame(self, *types: str) -> dict[str, Any]:
        """Return the next frame of one of these types, and answer pings on the way.

        Raises ``ConnectionError`` where the socket ends before, or another application answers.
        """
        while True:
            text = await self._text()
            try:
                frame = json.loads(text)
            except ValueError:
                frame = None
            if not isinstance(frame, dict):
                raise ConnectionError(f"no frame of realtime's came, but {text[:40]!r}")
            if frame.get("type") in types:
                return frame
            if frame.get("type") == "ping":
                self.send({"type": "pong", "nonce": frame["nonce"]})

    def write(self, opcode: int, payload: bytes) -> None:
        """Write one frame; a client masks its payload."""
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", FIN | opcode, MASKED | size)
        elif size < 0x10000:
            head = struct.pack("!BBH", FIN | opcode, MASKED | 126, size)
        else:
            head = struct.pack("!BBQ", FIN | opcode, MASKED | 127, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.writer.write(head + mask + masked)

    async def _text(self) -> bytes:
        """Return the next text, of which something on the way may have made several frames."""
        text = b""
        while True:
            is_last, opcode, payload = await self._read()
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else "without a code"
                raise ConnectionError(f"the server closed it, {code}")
            if opcode == PING:
                self.write(PONG, payload)
            elif opcode != PONG:
                text += payload
                if is_last:
                    return text

    async def _read(self) -> tuple[bool, int, bytes]:
        try:
            first, size = await self.reader.readexactly(2)
            if size > 125:
                width, form = (2, "!H") if size == 126 else (8, "!Q")
                (size,) = struct.unpack(form, await self.reader.readexactly(width))
            if size > MAX_PAYLOAD:
                raise ConnectionError(f"a frame of {size} bytes came")
            return bool(first & FIN), first & 0x0F, await self.reader.readexactly(size)
        except asyncio.IncompleteReadError:
            raise ConnectionError("the connection ended without a close frame") from None
