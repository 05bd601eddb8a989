"""Lets an application go where nothing can abort its connection, so that the server ends it.

Granian, for example, shows no transport. It closes a connection when its application has returned,
and an application that waits for a dead peer never returns.
"""

from __future__ import annotations

import asyncio
from typing import Any

from realtime.sockets.asgi import ABNORMAL_CLOSURE, Message, Receive, Send
from realtime.sockets.servers import find_abort, server_send


class Severed(OSError):
    """The connection was given up; ASGI's servers raise an ``OSError`` too."""


class Severable:
    """One connection's ``receive`` and ``send``, which wait no longer once it is aborted."""

    __slots__ = ("_is_severed", "_receive", "_send", "_waits")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._waits: set[asyncio.Timeout] = set()
        self._is_severed = False

    @property
    def transport(self) -> Severable:
        """What can be aborted, as on a server that has it."""
        return self

    def abort(self) -> None:
        """Tell the application that its peer is gone, whatever it waits for."""
        if self._is_severed:
            return
        self._is_severed = True
        for wait in self._waits:
            wait.reschedule(0)

    async def receive(self) -> Message:
        """Return the peer's next message, or its disconnect after an abort."""
        try:
            message: Message = await self._unless_severed(self._receive)
        except Severed:
            message = {"type": "websocket.disconnect", "code": ABNORMAL_CLOSURE}
        return message

    async def send(self, message: Message) -> None:
        """Send a message; raises ``Severed`` after an abort."""
        await self._unless_severed(self._send, message)

    async def _unless_severed(self, call: Any, *args: Message) -> Any:
        if self._is_severed:
            raise Severed
        wait = asyncio.timeout(None)
        try:
            async with wait:
                self._waits.add(wait)
                return await call(*args)
        except TimeoutError:
            if not wait.expired():
                raise
            raise Severed from None
        finally:
            self._waits.discard(wait)


def severable(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Return both as they are where a connection can be aborted, else those of a ``Severable``."""
    if find_abort(server_send(send)) is not None:
        return receive, send
    connection = Severable(receive, send)
    return connection.receive, connection.send
