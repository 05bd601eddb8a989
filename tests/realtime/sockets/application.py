"""An application that knows nothing of heartbeats."""

import asyncio


class Application:
    """Accepts, then takes one message after the other while it is not busy."""

    def __init__(self):
        self.messages = []
        self.is_free = asyncio.Event()
        self.is_free.set()
        self.scope = self.send = None

    async def __call__(self, scope, receive, send):
        self.scope, self.send = scope, send
        await send({"type": "websocket.accept"})
        while True:
            await self.is_free.wait()
            self.messages.append(await receive())
            if self.messages[-1]["type"] == "websocket.disconnect":
                return "returned"

    @property
    def received(self):
        """The frames, and the codes of disconnects."""
        return [m.get("text") or m.get("bytes") or m.get("code") for m in self.messages]
