"""What is put around an ASGI application: a heartbeat for its sockets, and their drain."""

from __future__ import annotations

from typing import Any

from realtime.conf import realtime_settings
from realtime.sockets.asgi import Application, Message, Receive, Scope, Send
from realtime.sockets.drain import running_drain
from realtime.sockets.wrapped_socket import SCOPE_KEY, HeartbeatOptions, WrappedSocket

__all__ = ["DrainMiddleware", "HeartbeatMiddleware"]


class HeartbeatMiddleware:
    """Wrap ``app`` so that both ends of its WebSockets notice when the other is gone.

    ``interval`` and ``timeout`` are in seconds; None takes ``HEARTBEAT_INTERVAL`` and
    ``HEARTBEAT_TIMEOUT``. With ``require_heartbeat=False`` a peer that sends no heartbeats (a page
    opened before an upgrade) is left alone. Scopes other than ``websocket`` go through untouched.
    """

    def __init__(
        self,
        app: Application,
        *,
        interval: float | None = None,
        timeout: float | None = None,
        require_heartbeat: bool = True,
    ) -> None:
        self.app = app
        self.options = HeartbeatOptions(interval, timeout, require_heartbeat)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        if scope["type"] != "websocket" or SCOPE_KEY in scope:
            return await self.app(scope, receive, send)
        return await WrappedSocket(receive, send, self.options).run(self.app, scope)


class DrainMiddleware:
    """Wrap a site's ``app`` so that its sockets are drained on ASGI's ``lifespan.shutdown``.

    It is for servers that shut down in another way than by SIGTERM, which needs no middleware. An
    ``app`` that serves no lifespan itself, as Channels' router doesn't, need not.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        if scope["type"] != "lifespan":
            return await self.app(scope, receive, send)
        return await Lifespan(receive, send).run(self.app, scope)


class Lifespan:
    """One lifespan of a server, with a drain before the application gets the shutdown."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_taken = False

    async def run(self, app: Application, scope: Scope) -> Any:
        """Serve it with ``app``, or here if ``app`` doesn't even ask for its first message."""
        try:
            returned = await app(scope, self.receive, self._send)
        except Exception:
            if self._is_taken:
                raise
            returned = None
        if not self._is_taken:
            await self._serve()
        return returned

    async def receive(self) -> Message:
        """Return the server's next message, a shutdown after the drain."""
        self._is_taken = True
        message = await self._receive()
        if message["type"] == "lifespan.shutdown" and realtime_settings().DRAIN:
            await running_drain().start()
        return message

    async def _serve(self) -> None:
        kind = None
        while kind != "lifespan.shutdown":
            kind = (await self.receive())["type"]
            await self._send({"type": f"{kind}.complete"})
