"""Serves the clients of SocketShark, which speak another protocol, with ``RealtimeConsumer``."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from realtime.protocol.rules import names_of
from realtime.protocol.socketshark import Outcome, Translator
from realtime.sockets.asgi import Application, Message, Receive, Scope, Send
from realtime.sockets.realtime_socket import ANSWERED_FOR
from realtime.streams.registry import find

__all__ = ["SocketSharkMiddleware"]


class SocketSharkMiddleware:
    """Wrap ``app``, a ``RealtimeConsumer.as_asgi()``, so that SocketShark's clients are served.

    Our pings are answered here, behind what was sent before them: whether such a client is there,
    the server's own pings of the WebSocket protocol have to find out.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        if scope["type"] != "websocket":
            return await self.app(scope, receive, send)
        return await Conversation(receive).run(self.app, {**scope, ANSWERED_FOR: True}, send)


class Conversation:
    """One socket, between a client of SocketShark and an application that speaks our protocol."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._translator = Translator(extra_of)
        self._for_app: deque[Message] = deque()
        self._receiving: asyncio.Task[Message] | None = None
        self._news = asyncio.Event()
        self._is_closed = False

    async def run(self, app: Application, scope: Scope, send: Send) -> Any:
        """Serve the socket until it ends."""

        # Not a method: what aborts the connection is looked for in what a function encloses.
        async def translated(message: Message) -> None:
            await self._send(message, send)

        async def receive() -> Message:
            return await self._next(send)

        try:
            return await app(scope, receive, translated)
        finally:
            if self._receiving is not None:
                self._receiving.cancel()

    async def _next(self, send: Send) -> Message:
        """Return what the application receives next, and answer what needs no application."""
        while not self._for_app:
            message = await self._received()
            if message is None:
                continue
            if message["type"] == "websocket.receive":
                await self._take(self._translator.from_client(message.get("text")), send)
            else:
                self._for_app.append(message)
        return self._for_app.popleft()

    async def _received(self) -> Message | None:
        """Return the server's next message; None where there is something else to hand on."""
        if self._receiving is None:
            self._receiving = asyncio.ensure_future(_call(self._receive))
        news = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({self._receiving, news}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        self._news.clear()
        if not self._receiving.done():
            return None
        receiving, self._receiving = self._receiving, None
        return receiving.result()

    async def _send(self, message: Message, send: Send) -> None:
        if self._is_closed:
            return
        if message["type"] == "websocket.send":
            await self._take(self._translator.from_server(message["text"], time.time()), send)
        else:
            self._is_closed = message["type"] == "websocket.close"
            await send(message)

    async def _take(self, outcome: Outcome, send: Send) -> None:
        for text in outcome.to_client:
            if not self._is_closed:
                await send({"type": "websocket.send", "text": text})
        for text in outcome.to_server:
            self._hand_on({"type": "websocket.receive", "text": text})
        if outcome.close is not None:
            self._is_closed = True
            self._hand_on({"type": "websocket.disconnect", "code": outcome.close})
            await send({"type": "websocket.close", "code": outcome.close})

    def _hand_on(self, message: Message) -> None:
        self._for_app.append(message)
        self._news.set()


def extra_of(stream: str) -> tuple[str, ...] | None:
    """Return the fields that a client may give for a stream; None if no class serves it."""
    found = find(stream)
    return None if found is None else names_of(type(found), "extra")


async def _call(receive: Receive) -> Message:
    """Make a coroutine of what may be any awaitable."""
    message: Message = await receive()
    return message
