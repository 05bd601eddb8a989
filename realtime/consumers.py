"""The two doors for Django teams: a mixin for their own consumers, and a consumer of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any

from asgiref.sync import markcoroutinefunction

from realtime.access.addresses import address_of
from realtime.access.first_frame import FirstFrame
from realtime.access.origins import is_foreign
from realtime.access.silence import keep_silent, silence_among
from realtime.access.ways_in import find_login
from realtime.conf import realtime_settings
from realtime.counters import HANDSHAKES_REFUSED, SOCKETS_CLOSED
from realtime.exceptions import TicketExpired
from realtime.fanout.hub import running_hub
from realtime.hints import hint
from realtime.logs import LIMITED, get_logger
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import SUBPROTOCOL, VERSIONS
from realtime.sockets.asgi import (
    ABNORMAL_CLOSURE,
    NO_STATUS_RECEIVED,
    Application,
    Receive,
    Scope,
    Send,
    header,
)
from realtime.sockets.drain import running_drain
from realtime.sockets.failures import is_for_now
from realtime.sockets.heartbeat_options import HeartbeatOptions
from realtime.sockets.listening import leave_to
from realtime.sockets.realtime_socket import ANSWERED_FOR, RealtimeSocket
from realtime.sockets.severable import severable
from realtime.sockets.transport import ABORT_AFTER, Transport
from realtime.sockets.wrapped_socket import SCOPE_KEY, WrappedSocket
from realtime.subscriptions import open_sockets
from realtime.subscriptions.commands import Commands
from realtime.subscriptions.incoming import Incoming

__all__ = ["HeartbeatMixin", "RealtimeConsumer"]

logger = get_logger(__name__)

MAX_ORIGIN = 300
"""Characters of an origin that count where two are compared; a name has 253 at most."""

_NO_COOKIE = (
    "A visitor without a cookie was refused with 4501. If the user is logged in, the browser did "
    "not send the session cookie with the WebSocket: it needs the same host as the page, and https "
    "where SESSION_COOKIE_SECURE is set."
)
_NO_USER = (
    "A visitor whose session has no active user was refused with 4501. Connect on pages for users "
    "who are logged in; behind another login than Django's, put the user into scope['user']."
)
_FOREIGN_ORIGIN = (
    "A page of %s was refused: the socket went to the host %s. If that page is yours, add this "
    "host to ALLOWED_HOSTS if it is missing there; if the page has another host, add the page's "
    "origin to CSRF_TRUSTED_ORIGINS. If a proxy changes the Host header, have it pass the "
    "browser's own on; if TLS ends there, set SECURE_PROXY_SSL_HEADER."
)


class HeartbeatMixin:
    """Adds a heartbeat to any Channels WebSocket consumer, sync or async; name it first.

    A peer that stops answering is disconnected, and ``disconnect(4408)`` called. A method
    ``heartbeat_stale(self, message)`` (async in an async consumer), if there is one, is called
    just before that.
    """

    heartbeat_interval: float | None = None
    """Seconds between two pings; None takes ``REALTIME["HEARTBEAT_INTERVAL"]``."""
    heartbeat_timeout: float | None = None
    """Seconds that a pong may take; None takes ``REALTIME["HEARTBEAT_TIMEOUT"]``."""
    require_heartbeat: bool = True
    """False leaves peers alone that never send a heartbeat (pages opened before an upgrade)."""

    _socket: WrappedSocket | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__call__ is not HeartbeatMixin.__call__:
            raise TypeError(f"{cls.__name__}: name HeartbeatMixin before the consumer class.")

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds, None before the first."""
        return None if self._socket is None else self._socket.latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        consumer: Application = super().__call__  # type: ignore[misc]
        on_stale = {"type": "heartbeat.stale"} if hasattr(self, "heartbeat_stale") else None
        options = HeartbeatOptions(
            self.heartbeat_interval, self.heartbeat_timeout, self.require_heartbeat, on_stale
        )
        outer: WrappedSocket | None = scope.get(SCOPE_KEY)
        if outer is None:
            self._socket = WrappedSocket(receive, send, options)
            return await self._socket.run(consumer, scope)
        self._socket = outer
        outer.override(options)
        return await consumer(scope, receive, send)


class RealtimeConsumer:
    """Serves the protocol ``realtime.v1``; route to ``RealtimeConsumer.as_asgi()``."""

    def __init__(self, *wrong: Any, **initkwargs: Any) -> None:
        if wrong:
            raise TypeError(f"Route to {type(self).__name__}.as_asgi(), not to the class itself.")
        for name, value in initkwargs.items():
            setattr(self, name, value)

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Application:
        """Return the ASGI application, which makes an instance for each socket.

        ``initkwargs`` are set on it, as Django's ``View.as_view`` does; raises ``TypeError`` for a
        name that is no attribute of the class.
        """
        for name in initkwargs:
            if not hasattr(cls, name):
                raise TypeError(f"{cls.__name__}.as_asgi() takes attributes of it, not {name!r}.")

        def application(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            return cls(**initkwargs).serve(scope, receive, send)

        # A coroutine of its own would take 0.5 KiB of each socket.
        return markcoroutinefunction(application)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends, or leave it to a server that calls.

        The socket is accepted before anything slow happens (Daphne gives a handshake 5 s), and
        because a refused handshake reaches a browser as a bare 1006.
        """
        running_drain()  # It takes SIGTERM over, which may come while this is the first socket.
        receive, send = severable(receive, send)
        socket = await _accepted(scope, receive, send)
        if socket is None:
            return
        commands = Commands(socket, running_hub())
        open_sockets.opened(socket, commands, address_of(scope))
        first_frame = FirstFrame()
        socket.run(partial(_sign_in, socket, scope, first_frame))
        incoming = Incoming(socket, commands, first_frame)
        if leave_to(incoming, receive):
            return
        # Most sockets live for hours, and wait: 1 KiB of each goes.
        del scope, send, first_frame, commands
        code: int | None = None
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                incoming.take(message)
                del message
            code = message.get("code") or NO_STATUS_RECEIVED
        except OSError:
            code = ABNORMAL_CLOSURE  # The server's way to say that the peer has left.
        except asyncio.CancelledError:
            await socket.cancelled()
            raise
        finally:
            await incoming.ended(code)


async def _accepted(scope: Scope, receive: Receive, send: Send) -> RealtimeSocket | None:
    """Return the socket of a handshake, None for one that was refused or came to nothing."""
    if (await receive())["type"] == "websocket.disconnect":
        return None
    if is_foreign(scope):
        await _refuse_origin(scope, send)
        return None
    if SCOPE_KEY in scope:
        scope[SCOPE_KEY].bypass()
    offered = scope.get("subprotocols") or ()
    if silence := silence_among(offered):
        await keep_silent(receive, send, silence)
        return None
    subprotocol = _chosen(offered)
    try:
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
    except OSError:
        return None  # The client has left already.
    socket = RealtimeSocket(send, is_answered_for=ANSWERED_FOR in scope)
    if subprotocol not in (SUBPROTOCOL, None):
        socket.close(CloseCode.UNSUPPORTED_VERSION, abort_after=ABORT_AFTER)
    return socket


async def _refuse_origin(scope: Scope, send: Send) -> None:
    SOCKETS_CLOSED.add("foreign_origin")
    HANDSHAKES_REFUSED.add("foreign_origin")
    _hint_at_origin(scope)
    await send({"type": "websocket.close"})
    Transport(send).abort_later(ABORT_AFTER)


def _hint_at_origin(scope: Scope) -> None:
    origin, host = header(scope, b"origin"), header(scope, b"host")
    # The doctor tries one, which must not keep the next one out of the log.
    hint(logger, _FOREIGN_ORIGIN, repr(origin), repr(host), kind=str(origin)[:MAX_ORIGIN])


def _chosen(offered: Sequence[str]) -> str | None:
    """Return the subprotocol to select: a browser that offered some needs one of them."""
    versions = [name for name in offered if name.startswith(VERSIONS)]
    return SUBPROTOCOL if SUBPROTOCOL in versions else next(iter(versions), None)


async def _sign_in(socket: RealtimeSocket, scope: Scope, first_frame: FirstFrame) -> None:
    limit = asyncio.timeout(realtime_settings().SIGN_IN_TIMEOUT)
    try:
        async with limit:
            login = await find_login(scope, first_frame)
    except TicketExpired:
        socket.close(CloseCode.EXPIRED, abort_after=ABORT_AFTER)
        return
    except Exception as error:
        for_now = is_for_now(error)
        logger.error(
            "sign-in failed socket=%s error=%r",
            *(socket.id, error),
            exc_info=not for_now,
            extra=LIMITED,
        )
        code = CloseCode.RESTARTING if for_now else CloseCode.SERVER_ERROR
        socket.close(CloseCode.LATE_SIGN_IN if limit.expired() else code)
        return
    if login is None:
        hint(logger, _NO_USER if header(scope, b"cookie") else _NO_COOKIE)
        socket.close(CloseCode.NOT_SIGNED_IN, abort_after=ABORT_AFTER)
    else:
        user_agent = header(scope, b"user-agent") or ""
        open_sockets.signed_in(socket, login, user_agent)
