"""Around an ASGI application: a heartbeat for its sockets, their drain. Around views: an id."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from realtime.conf import realtime_settings
from realtime.correlation import Origin, acting_as, read_request_id, read_traceparent
from realtime.sockets.asgi import Application, Message, Receive, Scope, Send
from realtime.sockets.drain import running_drain
from realtime.sockets.heartbeat_options import HeartbeatOptions
from realtime.sockets.wrapped_socket import SCOPE_KEY, WrappedSocket

__all__ = ["CorrelationMiddleware", "DrainMiddleware", "HeartbeatMiddleware"]

REQUEST_ID_HEADERS = ("X-Request-ID", "Correlation-ID", "X-Correlation-ID")
"""Headers in which a proxy or another service names a request; the first good one counts."""


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


class CorrelationMiddleware:
    """Name each request in the log and in its events; for ``MIDDLEWARE``, as the first.

    The id is that of the request's header ``X-Request-ID``, ``Correlation-ID`` or
    ``X-Correlation-ID``, else a new one. The answer has it as ``X-Request-ID``, and so has
    ``request.META`` for what comes after this.
    """

    sync_capable = async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self.get_response: Callable[[HttpRequest], Any] = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if iscoroutinefunction(self):
            return self._answer(request)
        with self._acting(request) as origin:
            return _named(self.get_response(request), origin)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with self._acting(request) as origin:
            return _named(await self.get_response(request), origin)

    def request_id(self, request: HttpRequest) -> str | None:
        """Return the id that a request brings; override it where another package names requests.

        With None, or with what is not one word of at most 64 characters, it gets a new one.
        """
        given = (_header(request, name) for name in REQUEST_ID_HEADERS)
        return next(filter(read_request_id, given), None)

    def _acting(self, request: HttpRequest) -> AbstractContextManager[Origin]:
        name = read_request_id(self.request_id(request)) or uuid.uuid4().hex[:12]
        request.META["HTTP_X_REQUEST_ID"] = name
        traceparent = read_traceparent(_header(request, "traceparent"))
        about = f"{request.method} {request.path}"
        return acting_as("request", name, about, traceparent=traceparent)


def _header(request: HttpRequest, name: str) -> str | None:
    """Read a header without ``request.headers``, which would keep what it was."""
    value: str | None = request.META.get(f"HTTP_{name.upper().replace('-', '_')}")
    return value


def _named(response: HttpResponseBase, origin: Origin) -> HttpResponseBase:
    response.headers["X-Request-ID"] = origin.id
    return response
