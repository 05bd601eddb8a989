"""A client as the protocol describes it, which records all that it receives."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from realtime.protocol.close_codes import may_reconnect
from realtime.protocol.position import Position
from realtime.protocol.presence import PRESENCE_EVENT, Presence
from tests.faults.checker import Begun, Received
from tests.faults.rights_records import Connection
from tests.faults.seen import seen

SILENCE = 2.0
"""Seconds of silence after which a connection is dead: the settings' interval and timeout."""
JITTER = 0.5
"""Seconds within which it comes back."""
SENT_AWAY = 1.0
"""Seconds until it tries again after it was sent away, as a person would."""
LAST_FRAMES = 1.0
"""Seconds for which it reads on after `bye`."""


class Ended(Exception):
    """The server sent `bye`, or something else that ends this connection."""


class Client:
    """Follows its user's stream and some rooms, on any of the servers, and always comes back.

    `user` is the name of its user's own stream, the first of `streams`. `records` holds what it
    received for each stream, and `connections` for each connection; `lists` holds who follows the
    streams that it `follows` now; `url`, `port` and `socket` are those of its connection, while it
    has one; `ends` counts why connections ended.
    """

    def __init__(
        self, cookies: str, streams: Sequence[str], urls: Sequence[str], source: random.Random
    ) -> None:
        self.user = streams[0]
        self.cookies = cookies
        self.records: dict[str, list[Begun | Received]] = {name: [] for name in streams}
        self.connections: list[Connection] = []
        self.lists: dict[str, Presence] = {}
        self.follows: set[str] = set()
        self.ends: Counter[str] = Counter()
        self.url: str | None = None
        self.port: int | None = None
        self.socket: str | None = None
        self._urls = urls
        self._source = source
        self._positions: dict[str, Position] = {}
        self._asked: dict[str, float] = {}
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
            await asyncio.sleep(self._wait)

    async def _connect(self) -> None:
        self.connections.append(Connection(self.user, self.cookies))
        self._asked = {"": time.time()}
        url = self._source.choice(self._urls)
        connection = await connect(
            f"{url}/realtime/",
            subprotocols=[Subprotocol("realtime.v1")],
            additional_headers={"Cookie": self.cookies},
            compression=None,
            ping_interval=None,
            open_timeout=SILENCE,
            proxy=None,
        )
        try:
            self.port = connection.local_address[1]
            await self._read(connection, url)
        except Ended:
            await self._read_rest(connection)
            raise
        finally:
            self.url = self.port = self.socket = None
            self.follows.clear()
            connection.transport.abort()  # On a dead path nothing is waited for.

    async def _read(self, connection: ClientConnection, url: str) -> None:
        while True:
            if self._mute_for:
                seconds, self._mute_for = self._mute_for, 0
                await asyncio.sleep(seconds)
            async with asyncio.timeout(SILENCE):
                frame = self._note(await connection.recv())
            self.url = url
            for answer in self._received(frame):
                await connection.send(json.dumps(answer))

    async def _read_rest(self, connection: ClientConnection) -> None:
        """Record what still comes, until the server has closed."""
        self.socket = None
        with suppress(TimeoutError, WebSocketException, OSError):
            async with asyncio.timeout(LAST_FRAMES):
                while True:
                    self._note(await connection.recv())

    def _note(self, text: str | bytes) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(text)
        self.connections[-1].frames.append(seen(frame, time.time(), self._asked))
        return frame

    def _received(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        kind, code = frame["type"], frame.get("code")
        if kind == "event":
            self._take_event(frame)
        elif kind == "ping":
            missing = [name for name in self.records if name not in self._asked]
            return [{"type": "pong", "nonce": frame["nonce"]}, *map(self._subscribe, missing)]
        elif kind == "welcome":
            self._take_welcome(frame)
            return [{"type": "ping", "nonce": "welcome"}, *map(self._subscribe, self.records)]
        elif kind in ("subscribed", "reset"):
            self._take_position(frame)
        elif kind == "unsubscribed" or (kind == "error" and code == "forbidden"):
            self._take_end(frame.get("stream") or frame["ref"])
        elif kind == "bye":
            patience = self._wait if may_reconnect(code) else SENT_AWAY
            self._wait = frame.get("after", patience * 1000) / 1000
            raise Ended(f"bye {code}")
        elif kind != "pong":
            raise Ended(f"{kind} {code}")
        return []

    def _subscribe(self, stream: str) -> dict[str, Any]:
        self._asked[stream] = time.time()
        frame: dict[str, Any] = {"type": "subscribe", "ref": stream, "stream": stream}
        if stream in self._positions:
            frame["after"] = self._positions[stream]._asdict()
            frame["presence"] = stream not in self.lists
        return frame

    def _take_welcome(self, frame: dict[str, Any]) -> None:
        self.socket = frame["socket"]
        self.connections[-1].socket = frame["socket"]
        self.connections[-1].opened = time.time()

    def _take_position(self, frame: dict[str, Any]) -> None:
        stream, epoch = frame["stream"], frame["epoch"]
        self.follows.add(stream)
        if frame.get("recovered"):
            self._positions[stream] = self._positions[stream]._replace(epoch=epoch)
        else:
            self._positions[stream] = Position(epoch, frame["offset"])
            self.records[stream].append(Begun(self._positions[stream]))
        if "presence" in frame:
            members = self.lists.setdefault(stream, Presence())
            members.replace(frame["presence"], frame["offset"])

    def _take_event(self, frame: dict[str, Any]) -> None:
        stream = frame["stream"]
        position = self._positions[stream]._replace(offset=frame["offset"])
        self._positions[stream] = position
        self.records[stream].append(Received(position, frame["id"], "replayed" in frame))
        if frame["name"] == PRESENCE_EVENT and stream in self.lists:
            self.lists[stream].apply(frame["data"], frame["offset"])

    def _take_end(self, stream: str) -> None:
        """Follow it no more; with the next ping it asks again, as it always comes back."""
        self.follows.discard(stream)
        self.lists.pop(stream, None)
        self._asked.pop(stream, None)
