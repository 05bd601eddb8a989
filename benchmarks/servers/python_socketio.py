"""python-socketio on an ASGI server, with its Redis manager."""

import os
from urllib.parse import parse_qs

import socketio

HEARTBEAT = float(os.environ["HEARTBEAT"])

sio = socketio.AsyncServer(
    async_mode="asgi",
    client_manager=socketio.AsyncRedisManager(os.environ["REDIS_URL"]),
    transports=["websocket"],
    ping_interval=HEARTBEAT,
    ping_timeout=20,
)
application = socketio.ASGIApp(sio)


@sio.event
async def connect(sid, environ):
    user = parse_qs(environ["QUERY_STRING"])["user"][0]
    await sio.enter_room(sid, f"user.{user}")
    await sio.enter_room(sid, "room.1")
