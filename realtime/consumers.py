"""The two doors for Django teams: a mixin for their own consumers, and a consumer of ours."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError

from realtime.authentication import is_foreign, user_of
from realtime.heartbeat_socket import SCOPE_KEY, Application, HeartbeatSocket
from realtime.hub import running_hub
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import SUBPROTOCOL, SUBPROTOCOL_FAMILY
from realtime.socket import Socket
from realtime.streams import user_stream_name
from realtime.subscriptions import Subscriptions
from realtime.transport import Receive, Scope, Send

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
        """Return the ASGI application, which makes an instance for each socket."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await cls().serve(scope, receive, send)

        return application

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
        offered = [name for name in scope["subprotocols"] if name.startswith(SUBPROTOCOL_FAMILY)]
        supported = SUBPROTOCOL in offered or not offered
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in offered else next(iter(offered), None)
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        socket = Socket(send)
        try:
            if not supported:
                socket.end(CloseCode.UNSUPPORTED_VERSION)
            await self._talk(socket, scope, receive)
        finally:
            socket.left()

    async def _talk(self, socket: Socket, scope: Scope, receive: Receive) -> None:
        hub = running_hub()
        subscriptions = Subscriptions(socket, hub)

        async def sign_in() -> None:
            try:
                user = await user_of(scope)
                me = None if user is None else user_stream_name(user)
            except Exception as error:
                # Not known is not "not signed in": the client is to come back.
                known = isinstance(error, DatabaseError)
                logger.error(
                    "sign-in failed socket=%s error=%r", socket.id, error, exc_info=not known
                )
                socket.end(CloseCode.RESTARTING)
                return
            if me is None:
                socket.end(CloseCode.NOT_SIGNED_IN)
            else:
                socket.user = user
                hub.signed_in(socket)
                socket.welcome(me)

        socket.run(sign_in)
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                socket.received(message.get("text"), subscriptions.command)
        finally:
            subscriptions.end()
            hub.gone(socket)
