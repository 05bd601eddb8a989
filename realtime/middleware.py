"""``HeartbeatMiddleware``: a heartbeat for any ASGI websocket application, unchanged."""

from __future__ import annotations

from typing import Any

from realtime.sockets.asgi import Application, Receive, Scope, Send
from realtime.sockets.wrapped_socket import SCOPE_KEY, HeartbeatOptions, WrappedSocket

__all__ = ["HeartbeatMiddleware"]


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
