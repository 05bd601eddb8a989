"""Lets an application go where its server would leave it waiting for a peer that is gone.

Granian shows nothing that could be aborted, and sends no close while the application waits for a
message; it closes a connection when the application has returned. Gunicorn's own worker leaves a
``send`` waiting whose connection was aborted.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Any

from realtime.sockets.asgi import ABNORMAL_CLOSURE, Message, Receive, Send
from realtime.sockets.servers import find_abort, leaves_sends_waiting, server_send

NORMAL_CLOSURE = 1000
"""What ASGI takes for the code of a ``websocket.close`` that has none."""


class State(StrEnum):
    """How far a connection has come."""

    OPEN = "open"
    CLOSING = "closing"
    """The application's close is on its way; no message of the peer comes any more."""
    ENDED = "ended"


class Severed(OSError):
    """The connection was given up; what ASGI's servers raise is an ``OSError`` too."""


class Severable:
    """One connection's ``receive`` and ``send``, which wait no longer once it is aborted.

    A close ends ``receive`` too: the peer's answer to it is the server's business.
    """

    __slots__ = ("_code", "_ended", "_receive", "_receiving", "_send", "_sending", "_state")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._state = State.OPEN
        self._code = ABNORMAL_CLOSURE
        self._ended = asyncio.Event()
        self._receiving: set[asyncio.Timeout] = set()
        self._sending: set[asyncio.Timeout] = set()

    @property
    def transport(self) -> Severable:
        """What can be aborted, as on a server that has it."""
        return self

    def abort(self) -> None:
        """End what the application waits for, and the connection if the server can do that."""
        self._end()
        _interrupt(self._sending)
        if abort := find_abort(server_send(self._send)):
            abort()

    async def receive(self) -> Message:
        """Return the peer's next message, or its disconnect after a close or an abort."""
        if self._state is State.OPEN:
            try:
                message: Message = await _interruptible(self._receiving, self._receive)
                return message
            except Severed:
                pass
        await self._ended.wait()
        return {"type": "websocket.disconnect", "code": self._code}

    async def send(self, message: Message) -> None:
        """Send a message; raises ``Severed`` after an abort."""
        if self._state is State.ENDED:
            raise Severed
        if message["type"] != "websocket.close":
            await _interruptible(self._sending, self._send, message)
            return
        self._state = State.CLOSING
        self._code = message.get("code", NORMAL_CLOSURE)
        _interrupt(self._receiving)
        try:
            await _interruptible(self._sending, self._send, message)
        finally:
            self._end()

    def _end(self) -> None:
        self._state = State.ENDED
        self._ended.set()
        _interrupt(self._receiving)


async def _interruptible(waits: set[asyncio.Timeout], call: Any, *args: Message) -> Any:
    """Await what ``call`` returns, as one of ``waits``; raises ``Severed`` if it is interrupted."""
    wait = asyncio.timeout(None)
    try:
        async with wait:
            waits.add(wait)
            return await call(*args)
    except TimeoutError:
        if not wait.expired():
            raise
        raise Severed from None
    finally:
        waits.discard(wait)


def _interrupt(waits: set[asyncio.Timeout]) -> None:
    for wait in waits:
        wait.reschedule(0)
    waits.clear()


def severable(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Return both as they are, or those of a ``Severable`` where the server needs one."""
    abort = find_abort(server_send(send))
    if abort is not None and not leaves_sends_waiting(abort):
        return receive, send
    connection = Severable(receive, send)
    return connection.receive, connection.send
