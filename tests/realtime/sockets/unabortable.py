"""The edge, as an ASGI server has it that shows nothing to abort: its sends are futures."""

import asyncio

from tests.realtime.sockets.connection import Connection


class Unabortable(Connection):
    """Each ``send`` begins when it is called, and returns a future; as Granian's do."""

    def __init__(self):
        super().__init__()
        del self.transport
        self.failure = None
        self.seconds_to_send = 0.0
        self.receives_waiting = 0
        self._order = asyncio.Lock()

    async def receive(self):
        self.receives_waiting += 1
        try:
            return await super().receive()
        finally:
            self.receives_waiting -= 1

    def send(self, message):
        return asyncio.ensure_future(self._send(message))

    async def _send(self, message):
        async with self._order:
            if self.failure is not None:
                raise self.failure
            await asyncio.sleep(self.seconds_to_send)
            await super().send(message)
