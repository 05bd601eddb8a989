"""A client as the protocol describes it, which records all that it receives."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from realtime.protocol.position import Position
from tests.faults.checker import Begun, Received

SILENCE = 2.0
"""Seconds of silence after which a connection is dead: the settings' interval and timeout."""
JITTER = 0.5
"""Seconds within which it comes back."""


class Ended(Exception):
    """The server sent `bye`, or something else that ends this connection."""


class Client:
    """Follows its user's stream and some rooms, on any of the servers, and always comes back.

    `records` holds what it received for each stream; `port` is its own, while it is connected;
    `ends` counts why connections ended.
    """

    def __init__(
        self, cookies: str, streams: Sequence[str], urls: Sequence[str], source: random.Random
    ) -> None:
        self.records: dict[str, list[Begun | Received]] = {name: [] for name in streams}
        self.ends: Counter[str] = Counter()
        self.port: int | None = None
        self._cookies = cookies
        self._urls = urls
        self._source = source
        self._positions: dict[str, Position] = {}
        self._mute_for = 0.0
        self._wait = 0.0

    @property
    def positions(self) -> dict[str, Position]:
        """Its position in each stream that has one."""
        return dict(self._positions)

    def mute(self, seconds: float) -> None:
        """Neither read nor answer for some time, as a machine that sleeps."""
        self._mute_for = seconds

    async def run(self) -> None:
        """Connect, and connect again after each end."""
        while True:
            self._wait = self._source.uniform(0, JITTER)
            try:
                await self._connect()
            except Ended as reason:
                self.ends[str(reason)] += 1
            except TimeoutError:
                self.ends["silence"] += 1
            except (OSError, WebSocketException) as error:
                self.ends[type(error).__name__] += 1
            self.port = None
            await asyncio.sleep(self._wait)

    async def _connect(self) -> None:
        connection = await connect(
            self._source.choice(self._urls) + "/realtime/",
            subprotocols=[Subprotocol("realtime.v1")],
            additional_headers={"Cookie": self._cookies},
            compression=None,
            ping_interval=None,
            open_timeout=SILENCE,
            proxy=None,
        )
        try:
            self.port = connection.local_address[1]
            await self._read(connection)
        finally:
            connection.transport.abort()  # On a dead path nothing is waited for.

    async def _read(self, connection: ClientConnection) -> None:
        while True:
            if self._mute_for:
                seconds, self._mute_for = self._mute_for, 0
                await asyncio.sleep(seconds)
            async with asyncio.timeout(SILENCE):
                text = await connection.recv()
            for answer in self._received(json.loads(text)):
                await connection.send(json.dumps(answer))

    def _received(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        kind = frame["type"]
        if kind == "event":
            self._take_event(frame)
        elif kind == "ping":
            return [{"type": "pong", "nonce": frame["nonce"]}]
        elif kind == "welcome":
            return [{"type": "ping", "nonce": "welcome"}, *map(self._subscribe, self.records)]
        elif kind in ("subscribed", "reset"):
            self._take_position(frame)
        elif kind == "bye":
            self._wait = frame.get("after", self._wait * 1000) / 1000
            raise Ended(f"bye {frame['code']}")
        elif kind != "pong":
            raise Ended(f"{kind} {frame.get('code')}")
        return []

    def _subscribe(self, stream: str) -> dict[str, Any]:
        frame: dict[str, Any] = {"type": "subscribe", "ref": stream, "stream": stream}
        if stream in self._positions:
            frame["after"] = self._positions[stream]._asdict()
        return frame

    def _take_position(self, frame: dict[str, Any]) -> None:
        stream, epoch = frame["stream"], frame["epoch"]
        if frame.get("recovered"):
            self._positions[stream] = self._positions[stream]._replace(epoch=epoch)
        else:
            self._positions[stream] = Position(epoch, frame["offset"])
            self.records[stream].append(Begun(self._positions[stream]))

    def _take_event(self, frame: dict[str, Any]) -> None:
        stream = frame["stream"]
        position = self._positions[stream]._replace(offset=frame["offset"])
        self._positions[stream] = position
        self.records[stream].append(Received(position, frame["id"], "replayed" in frame))
