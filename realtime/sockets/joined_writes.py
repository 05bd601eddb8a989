"""Joins what is sent to a socket within one round of the event loop: one system call for all."""

from __future__ import annotations

import asyncio
from typing import Any

from realtime.concurrency.rounds import running_round

MAX_JOINED = 64 * 1024
"""Bytes that wait for the end of a round; with as many, asyncio's transports say stop."""


class JoinedWrites:
    """A transport that joins what is written within one round of the event loop."""

    __slots__ = ("_bytes", "_round", "_transport", "_waiting", "is_closed")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.is_closed = False
        self._transport = transport
        self._round = running_round()
        self._waiting: list[bytes] | None = None
        self._bytes = 0

    def write(self, data: bytes) -> None:
        """Write at the end of the round, or now if that is much."""
        if self._waiting is None:
            self._waiting = [data]
            self._round.ends_with(self.flush)
        else:
            self._waiting.append(data)
        self._bytes += len(data)
        if self._bytes > MAX_JOINED:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting is not None:
            data = b"".join(self._waiting)
            self._waiting = None
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
        self._waiting = None
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
