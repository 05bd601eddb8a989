"""One connection through a cable: what each end has sent, and what of it may pass now.

Nothing here waits: whatever happens to an end calls ``advance``, which does what is possible then.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from enum import Enum
from typing import Any

TO_SERVER, TO_CLIENT = "to_server", "to_client"

MAX_HELD = 64 * 1024
"""Bytes that are held back, or written ahead of a slow reader; the rest waits in the kernels."""

RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""The option with which closing sends a reset instead of a regular end."""


class State(Enum):
    """How far an end has come."""

    NEW = "new"
    CONNECTING = "connecting"
    OPEN = "open"
    ENDED = "ended"  # It sends no more, but may still read.
    RESET = "reset"  # It is gone, and the reset that says so is on the way.
    GONE = "gone"


class End(asyncio.Protocol):
    """The client or the server of a connection; ``held`` is what it sent and has not passed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.state = State.NEW
        self.held = bytearray()
        self.transport: Any = None
        self._changed = changed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(high=MAX_HELD)
        self.state = State.OPEN
        self._changed()

    def data_received(self, data: bytes) -> None:
        self.held += data
        self._changed()

    def eof_received(self) -> bool:
        self.state = State.ENDED
        self._changed()
        return True  # Or asyncio would close the other direction too.

    def connection_lost(self, error: Exception | None) -> None:
        self.state = State.GONE if error is None else State.RESET
        self.held.clear()  # A reset discards what was not delivered yet.
        self._changed()

    def resume_writing(self) -> None:
        self._changed()

    @property
    def is_gone(self) -> bool:
        return self.state in (State.RESET, State.GONE)

    def take_from(self, other: End) -> None:
        """Hand this end what ``other`` has sent."""
        if other.held:
            self.transport.write(bytes(other.held))
            other.held.clear()
        if other.state is State.ENDED:
            self.transport.write_eof()

    def read_for(self, other: End) -> None:
        """Read on, or stop while too much is held back or waits for ``other`` to read it."""
        ahead = other.transport.get_write_buffer_size() if other.transport else 0
        if max(len(self.held), ahead) > MAX_HELD:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def reset(self) -> None:
        """Reset the connection to this end; harmless where there is none."""
        if self.transport is not None and not self.is_gone:
            self.state = State.GONE
            self.transport.get_extra_info("socket").setsockopt(*RESET)
            self.transport.abort()


class Connection:
    """A client's connection; ``cut`` holds the directions in which nothing passes now.

    ``dial`` is called as soon as the server can be reached, and has to connect ``server`` or to
    call ``refused``.
    """

    def __init__(self, cut: set[str], dial: Callable[[Connection], None]) -> None:
        self.client = End(self.advance)
        self.server = End(self.advance)
        self._cut = cut
        self._dial = dial
        self._forgotten = False

    @property
    def is_over(self) -> bool:
        return self.client.is_gone and (self.server.is_gone or self.server.state is State.NEW)

    def advance(self) -> None:
        """Let pass what may pass."""
        if self._forgotten or self.server.state is State.CONNECTING:
            return
        if self.server.state is State.NEW:
            self._connect()
            return
        self._pass(self.client, self.server, TO_SERVER, TO_CLIENT)
        self._pass(self.server, self.client, TO_CLIENT, TO_SERVER)
        if self.client.state is self.server.state is State.ENDED and not self._cut:
            self.client.transport.close()
            self.server.transport.close()
        self.client.read_for(self.server)
        self.server.read_for(self.client)

    def refused(self) -> None:
        """Tell the client that the server could not be reached."""
        self.server.state = State.NEW
        if not self._cut:
            self.client.reset()

    def forget(self) -> None:
        """Let nothing pass any more, nor end; one that has not reached the server yet is new."""
        if self.server.transport is not None:
            self._forgotten = True
            self.client.transport.pause_reading()
            self.server.transport.pause_reading()

    def close(self) -> None:
        """End it on both sides."""
        self.client.reset()
        self.server.reset()

    def _connect(self) -> None:
        if self._cut:
            return
        if self.client.state is State.OPEN:
            self.server.state = State.CONNECTING
            self._dial(self)
        else:  # It gave up during the cut, and never got as far as the server.
            self.client.reset()

    def _pass(self, source: End, target: End, way: str, back: str) -> None:
        if source.state is State.RESET:
            source.state = State.GONE
            if way not in self._cut:
                target.reset()
        elif way in self._cut or not (source.held or source.state is State.ENDED):
            return
        elif not target.is_gone:
            target.take_from(source)
        elif back not in self._cut:
            source.reset()  # The answer of a machine that knows no such connection.
