"""The edge: one WebSocket as an ASGI server has it, with the peer at its other end."""

import asyncio
import json

PATIENCE = 100.0
"""Seconds of the loop's clock that a test waits for what has to come."""


class Connection:
    """``receive``, ``send`` and ``transport`` are the server's half; the peer says the rest."""

    def __init__(self):
        self.sent = []
        """The messages that went out."""
        self.pinged_at = []
        """The instants of the pings that went out."""
        self.closed_at = None
        self.aborted_at = None
        self.transport = self
        self.writable = asyncio.Event()
        self.writable.set()
        self.is_gone = False
        self.answers_pings = True
        self._inbox = asyncio.Queue()
        self._unread = []
        self._news = asyncio.Event()

    async def receive(self):
        return await self._inbox.get()

    async def send(self, message):
        await self.writable.wait()
        if self.is_gone:
            raise OSError("client disconnected")
        self.sent.append(message)
        now = asyncio.get_running_loop().time()
        frame = decoded(message)
        if message["type"] == "websocket.close":
            self.closed_at = now
        if frame.get("type") == "ping":
            self.pinged_at.append(now)
            if self.answers_pings:
                self.say({"type": "pong", "nonce": frame["nonce"]})
        self._unread.append(frame)
        self._news.set()

    def abort(self):
        if self.aborted_at is None:
            self.aborted_at = asyncio.get_running_loop().time()
            self.leave(1006)

    def say(self, frame):
        """Send the server a frame: an object as JSON, text and bytes as they are."""
        kind = "bytes" if isinstance(frame, bytes) else "text"
        data = json.dumps(frame) if isinstance(frame, dict) else frame
        self.arrive({"type": "websocket.receive", kind: data})

    def leave(self, code=1001):
        """End the connection from the peer's side."""
        self.arrive({"type": "websocket.disconnect", "code": code})

    def arrive(self, message):
        """Hand the application any message of the server."""
        self._inbox.put_nowait(message)

    def freeze(self):
        """Answer no ping from now on."""
        self.answers_pings = False

    @property
    def texts(self):
        """The texts that went out, and the types of the messages without one."""
        return [message.get("text", message["type"]) for message in self.sent]

    @property
    def frames(self):
        """The objects that went out as JSON."""
        return [frame for message in self.sent if (frame := decoded(message))]

    @property
    def close_code(self):
        codes = [m.get("code", 1000) for m in self.sent if m["type"] == "websocket.close"]
        return codes[0] if codes else None

    async def frame(self, type):
        """Return the next frame of that type; those before it are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._unread:
                    frame = self._unread.pop(0)
                    if frame.get("type") == type:
                        return frame
                self._news.clear()
                await self._news.wait()

    async def closed(self):
        """Wait for the close and return its code."""
        async with asyncio.timeout(PATIENCE):
            while self.close_code is None:
                self._news.clear()
                await self._news.wait()
        return self.close_code


def decoded(message):
    try:
        frame = json.loads(message.get("text") or "")
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}
