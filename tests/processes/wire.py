"""A WebSocket client that shows a test the frames themselves."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.processes.site import Site

PATIENCE = 20.0
"""Seconds until a test gives up waiting: far more than it takes on a busy machine."""


class Socket:
    """One connection; a task of its own reads it and answers pings, unless it is `silent`.

    An answered ping is counted in `answered` and not shown; a silent socket shows its pings. Text
    and bytes that aren't JSON are shown as they came.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self.silent = False
        self.answered = 0
        self.port: int = connection.local_address[1]  # the client's, to cut its path
        self.subprotocol = connection.subprotocol  # what the server has selected
        self._connection = connection
        self._unread: list[Any] = []
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(lambda _: self._news.set())

    @property
    def close_code(self) -> int | None:
        """Its close code, None while it is open."""
        return self._connection.close_code

    async def send(self, frame: dict[str, Any] | str | bytes) -> None:
        """Send an object as JSON, text and bytes as they are."""
        await self._connection.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def frame(self, type: str | None = None, timeout: float = PATIENCE) -> Any:  # noqa: ASYNC109
        """Return the next frame, or the next of this type; others stay for later."""
        try:
            async with asyncio.timeout(timeout):
                while (position := self._position(type)) is None:
                    assert not self._reader.done(), f"ended without {type}: {self._state()}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {type} within {timeout} s: {self._state()}") from None
        return self._unread.pop(position)

    async def closed(self, timeout: float = PATIENCE) -> int | None:  # noqa: ASYNC109
        """Wait until the connection has ended and return its close code."""
        try:
            async with asyncio.timeout(timeout):
                await self._connection.wait_closed()
        except TimeoutError:
            raise AssertionError(f"open after {timeout} s: {self._state()}") from None
        return self.close_code

    def stop_reading(self) -> None:
        """Stay connected but never read again, so that what is sent to it piles up."""
        self._reader.cancel()
        self._connection.transport.pause_reading()

    def _position(self, type: str | None) -> int | None:
        for position, frame in enumerate(self._unread):
            if type is None or (isinstance(frame, dict) and frame.get("type") == type):
                return position
        return None

    def _state(self) -> str:
        return f"close code {self.close_code}, unread {self._unread}"

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self._connection:
                await self._received(decoded(message))
                self._news.set()

    async def _received(self, frame: Any) -> None:
        is_ping = isinstance(frame, dict) and frame.get("type") == "ping"
        if is_ping and not self.silent:
            await self.send({"type": "pong", "nonce": frame["nonce"]})
            self.answered += 1
        else:
            self._unread.append(frame)


def decoded(message: str | bytes) -> Any:
    """Return the value of JSON text, and anything else unchanged."""
    try:
        return json.loads(message)
    except ValueError:
        return message


@contextlib.asynccontextmanager
async def wire(
    site: Site,
    *,
    path: str = "/realtime/",
    cookies: str | None = None,
    origin: str | None = None,
    subprotocols: Sequence[str] = ("realtime.v1",),
    address: str = "127.0.0.1",
) -> AsyncIterator[Socket]:
    """Open a WebSocket to a site, without compression and without pings of the protocol's own.

    `cookies` is a ``Cookie`` header, see `Agent.cookie_header`. The client comes from
    `address`, one of 127.0.0.0/8. Raises `InvalidStatus` of `websockets.exceptions` when the
    handshake is refused.
    """
    async with connect(
        site.ws_url + path,
        origin=Origin(origin) if origin else None,
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        additional_headers={"Cookie": cookies} if cookies else None,
        compression=None,
        ping_interval=None,
        # At the end of a test the server may be frozen, or the path cut.
        close_timeout=0.5,
        proxy=None,
        local_addr=(address, 0),
    ) as connection:
        yield Socket(connection)
