"""The two doors for Django teams: a mixin for their own consumers, and a consumer of ours."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import DatabaseError

from realtime.fanout.hub import Hub, running_hub
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import SUBPROTOCOL, SUBPROTOCOL_FAMILY
from realtime.sockets.authentication import is_foreign, user_of
from realtime.sockets.realtime_socket import Socket
from realtime.sockets.transport import Receive, Scope, Send
from realtime.sockets.wrapped_socket import SCOPE_KEY, Application, HeartbeatSocket
from realtime.streams import user_stream_name
from realtime.subscriptions.commands import Subscriptions

logger = logging.getLogger(__name__)


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

    _heartbeat: HeartbeatSocket | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__call__ is not HeartbeatMixin.__call__:
            raise TypeError(f"{cls.__name__}: name HeartbeatMixin before the consumer class.")

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds, None before the first."""
        return None if self._heartbeat is None else self._heartbeat.latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        consumer: Application = super().__call__  # type: ignore[misc]
        outer = scope.get(SCOPE_KEY)
        self._heartbeat = heartbeat = outer or HeartbeatSocket(receive, send)
        heartbeat.interval = self.heartbeat_interval or heartbeat.interval
        heartbeat.timeout = self.heartbeat_timeout or heartbeat.timeout
        heartbeat.required = self.require_heartbeat and heartbeat.required
        if hasattr(self, "heartbeat_stale"):
            heartbeat.on_stale = {"type": "heartbeat.stale"}
        if outer is not None:
            return await consumer(scope, receive, send)
        return await heartbeat.run(consumer, scope)


class RealtimeConsumer:
    """Serves the protocol ``realtime.v1``; route to ``RealtimeConsumer.as_asgi()``."""

    @classmethod
    def as_asgi(cls) -> Application:
        """Return the ASGI application; one instance serves all sockets."""
        return cls().serve

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends.

        The socket is accepted before anything slow happens (Daphne gives a handshake 5 s), and
        because a refused handshake reaches a browser as a bare 1006.
        """
        await receive()
        if is_foreign(scope):
            await send({"type": "websocket.close"})
            return
        if SCOPE_KEY in scope:
            scope[SCOPE_KEY].stand_down()
        subprotocol = _chosen(scope["subprotocols"])
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        hub, socket = running_hub(), Socket(send)
        subscriptions = Subscriptions(socket, hub)
        if subprotocol not in (SUBPROTOCOL, None):
            socket.end(CloseCode.UNSUPPORTED_VERSION)
        socket.run(partial(_sign_in, socket, hub, scope))
        del scope, send  # Most sockets live for hours, and wait: 1 KiB of each goes.
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                socket.received(message.get("text"), subscriptions.command)
                del message
        finally:
            subscriptions.end()
            hub.gone(socket)
            socket.left()


def _chosen(offered: Sequence[str]) -> str | None:
    """Return the subprotocol to select: a browser that offered some needs one of them."""
    versions = [name for name in offered if name.startswith(SUBPROTOCOL_FAMILY)]
    return SUBPROTOCOL if SUBPROTOCOL in versions else next(iter(versions), None)


async def _sign_in(socket: Socket, hub: Hub, scope: Scope) -> None:
    try:
        user = await user_of(scope)
        me = None if user is None else user_stream_name(user)
    except Exception as error:
        # Not known is not "not signed in": the client is to come back.
        known = isinstance(error, DatabaseError)
        logger.error("sign-in failed socket=%s error=%r", socket.id, error, exc_info=not known)
        socket.end(CloseCode.RESTARTING)
        return
    if me is None:
        socket.end(CloseCode.NOT_SIGNED_IN)
    else:
        socket.user = user
        hub.signed_in(socket)
        socket.welcome(me)
