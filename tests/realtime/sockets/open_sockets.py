"""Opens both kinds of socket on a connection, as the consumer and the middleware do."""

import asyncio
from types import SimpleNamespace

from realtime.access.login import Login
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.sockets.wrapped_socket import WrappedSocket

HEARTBEAT = {"type": "ping", "nonce": "welcomed"}
"""What a peer with a heartbeat says first."""


async def no_command(frame):
    pass


async def open_realtime(connection, command=no_command, **options):
    """Return a socket that has greeted user 42; ``command`` runs what the peer asks for."""
    socket = RealtimeSocket(connection.send, **options)

    async def serve():
        try:
            while (message := await connection.receive())["type"] != "websocket.disconnect":
                socket.received(message.get("text"), command)
        finally:
            socket.disconnected()

    socket.welcome(Login(SimpleNamespace(pk=42)), "user.42")
    connection.served = asyncio.create_task(serve())
    return socket


async def open_wrapped(connection, application=None, options=None):
    """Return the socket of an application that has been started, here one that only reads."""
    socket = WrappedSocket(connection.receive, connection.send, options)
    running = socket.run(application or only_read, {"type": "websocket"})
    connection.served = asyncio.create_task(running)
    await asyncio.sleep(0)
    return socket


async def only_read(scope, receive, send):
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass
