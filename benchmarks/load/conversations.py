"""The client's side of each protocol: how it follows its streams and answers heartbeats."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any, ClassVar

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from benchmarks.load.crowd import Crowd
from benchmarks.sessions import session_key

ROOM = "room.1"
"""The stream that all clients follow."""


class Conversation(WSListener):
    """A client of a server that reads the user from the path and chooses the streams itself.

    The heartbeats are control frames of the WebSocket protocol.
    """

    event_begins: ClassVar[bytes] = b'{"type":"event"'
    path_of: ClassVar[str] = "/user.{user}"
    resumes: ClassVar[bool] = False

    transport: WSTransport

    def __init__(self, crowd: Crowd, user: int) -> None:
        self.user = user
        self.path = self.path_of.format(user=user)
        self.headers: dict[str, str] = {}
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._crowd = crowd

    def again(self) -> Conversation:
        """Return the same client for its next connection."""
        return type(self)(self._crowd, self.user)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.opened()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if payload.startswith(self.event_begins):
            self._crowd.on_event(payload)
        elif frame.msg_type is WSMsgType.TEXT:
            self.received(payload)
        elif frame.msg_type is WSMsgType.PING:
            self._crowd.heartbeats += 1
            transport.send_pong(payload)
        elif frame.msg_type is WSMsgType.CLOSE:
            self._crowd.closes.append(int.from_bytes(payload[:2], "big"))
            transport.disconnect()

    def opened(self) -> None:
        """Begin the conversation."""
        self.ready.set_result(None)

    def received(self, payload: bytes) -> None:
        """Take a message that is not an event."""

    def send(self, text: str) -> None:
        """Send a message."""
        self.transport.send(WSMsgType.TEXT, text.encode())

    def heartbeat(self, answer: str) -> None:
        """Answer a heartbeat that came as a message."""
        self._crowd.heartbeats += 1
        self.send(answer)


class Channels(Conversation):
    """Speaks with the consumer of ``servers/channels_site.py``."""

    event_begins = b'{"name"'


class Realtime(Conversation):
    """Speaks ``realtime.v1``; a client that comes back resumes from its positions."""

    path_of = "/realtime/?user={user}"
    resumes = True

    def __init__(self, crowd: Crowd, user: int) -> None:
        super().__init__(crowd, user)
        self.positions: dict[str, dict[str, Any]] = {f"user.{user}": {}, ROOM: {}}
        self._missing = len(self.positions)

    def again(self) -> Realtime:
        returning = type(self)(self._crowd, self.user)
        returning.positions = self.positions
        return returning

    def opened(self) -> None:
        for stream, position in self.positions.items():
            frame = {"type": "subscribe", "ref": 1, "stream": stream}
            self.send(json.dumps({**frame, "after": position} if position else frame))

    def received(self, payload: bytes) -> None:
        frame = json.loads(payload)
        kind = frame["type"]
        if kind == "ping":
            self.heartbeat(f'{{"type":"pong","nonce":"{frame["nonce"]}"}}')
        elif kind == "welcome":
            self.send('{"type":"ping","nonce":"c0ffee00"}')
        elif kind == "subscribed":
            self._subscribed(frame)
        elif kind not in ("pong", "bye"):
            raise RuntimeError(f"unexpected frame: {payload!r}")

    def _subscribed(self, frame: dict[str, Any]) -> None:
        position = self.positions[frame["stream"]]
        if position and not frame["recovered"]:
            raise RuntimeError(f"not recovered: {frame}")
        if not position:
            position.update(epoch=frame["epoch"], offset=frame["offset"])
        self._missing -= 1
        if not self._missing:
            self.ready.set_result(None)


class RealtimeSession(Realtime):
    """Speaks ``realtime.v1`` as the user of a Django session."""

    def __init__(self, crowd: Crowd, user: int) -> None:
        super().__init__(crowd, user)
        self.headers["Cookie"] = f"sessionid={session_key(user)}"


class RealtimeBrowser(RealtimeSession):
    """Offers compression, as browsers do."""

    def __init__(self, crowd: Crowd, user: int) -> None:
        super().__init__(crowd, user)
        self.headers["Sec-WebSocket-Extensions"] = "permessage-deflate; client_max_window_bits"
        self._inflate = zlib.decompressobj(-15).decompress

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if not frame.rsv1:
            return super().on_ws_frame(transport, frame)
        payload = self._inflate(frame.get_payload_as_bytes() + b"\0\0\xff\xff")
        if payload.startswith(self.event_begins):
            self._crowd.on_event(payload)
        else:
            self.received(payload)


class SocketIO(Conversation):
    """Speaks Socket.IO, protocol 5 on Engine.IO 4, over a WebSocket from the start."""

    event_begins = b"42"
    path_of = "/socket.io/?EIO=4&transport=websocket&user={user}"

    def opened(self) -> None:
        pass

    def received(self, payload: bytes) -> None:
        if payload == b"2":
            self.heartbeat("3")
        elif payload.startswith(b"0"):
            self.send("40")
        elif payload.startswith(b"40"):
            self.ready.set_result(None)
        else:
            raise RuntimeError(f"unexpected packet: {payload!r}")


class SocketShark(Conversation):
    """Speaks SocketShark's protocol."""

    event_begins = b'{"event": "message"'
    path_of = "/"

    def opened(self) -> None:
        self._missing = 2
        for stream in (f"user.{self.user}", ROOM):
            self.send(json.dumps({"event": "subscribe", "subscription": stream}))

    def received(self, payload: bytes) -> None:
        answer = json.loads(payload)
        if answer.get("status") != "ok":
            raise RuntimeError(f"unexpected message: {payload!r}")
        self._missing -= 1
        if not self._missing:
            self.ready.set_result(None)
