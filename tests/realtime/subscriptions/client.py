"""The outside of a socket: the ASGI server's ``send``, and the client behind it."""

import asyncio
import json
from types import SimpleNamespace

from realtime.access.login import Login
from realtime.concurrency.threads import nonblocking
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream, register


class Client:
    """A signed-in client; it answers pings unless a test says that it does not read."""

    def __init__(self):
        self.frames = []
        """What came, without the welcome and heartbeats."""
        self.code = None
        """The code with which the socket was closed."""
        self.reads = True
        self.pings = []
        self.socket = RealtimeSocket(self.send)
        self.socket.welcome(Login(SimpleNamespace(pk=1)), "user.1")

    async def send(self, message):
        if message["type"] == "websocket.close":
            self.code = message["code"]
            return
        frame = json.loads(message["text"])
        if frame["type"] == "ping":
            self.pings.append(frame["nonce"])
            asyncio.get_running_loop().call_soon(self.answer)
        elif frame["type"] != "welcome":
            self.frames.append(frame)

    def answer(self):
        """Answer the pings that came, if it reads."""
        while self.reads and self.pings:
            pong = {"type": "pong", "nonce": self.pings.pop(0)}
            self.socket.received(json.dumps(pong), None)

    def read_on(self):
        self.reads = True
        self.answer()

    @property
    def types(self):
        return [frame["type"] for frame in self.frames]

    @property
    def data(self):
        """The data of the events that came."""
        return [frame["data"] for frame in self.frames if frame["type"] == "event"]

    @property
    def skipped(self):
        """The ranges of offsets that were not for it."""
        skipped = [frame for frame in self.frames if frame["type"] == "skipped"]
        return [(frame["after"], frame["offset"]) for frame in skipped]

    def position(self, resumed_from=None):
        """Return the offset that it has come to; fails where a page would find a hole."""
        offset = resumed_from
        for frame in self.frames:
            if frame["type"] in ("subscribed", "reset") and not frame.get("recovered"):
                offset = frame["offset"]
            elif frame["type"] == "skipped":
                assert frame["after"] == offset < frame["offset"], frame
                offset = frame["offset"]
            elif frame["type"] == "event" and "offset" in frame:
                assert frame["offset"] == offset + 1, frame
                offset += 1
        return offset

    @property
    def replayed(self):
        """The data of those that came from the log."""
        return [frame["data"] for frame in self.frames if frame.get("replayed")]


@register("thing")
class Thing(Stream):
    """A stream of a project, which needs no threads."""

    may_follow = True
    picture = None
    """What the snapshot is."""
    error = None
    """What the snapshot raises, if anything."""
    values = {}
    """What a follower's values of fields are."""

    def __init__(self, name):
        super().__init__(name)
        self.snapshots = 0
        self.answers = asyncio.Event()
        """Snapshots wait while this is not set."""
        self.answers.set()

    @nonblocking
    def authorize(self, user):
        return self.may_follow

    @nonblocking
    def field_values(self, user):
        return self.values

    async def snapshot(self, user):
        picture = self.picture
        self.snapshots += 1
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return picture

    async def receive(self, user, name, data):
        if isinstance(data, Exception):
            raise data
        return {"user": user.pk, name: data}
