"""The floor for ASGI applications: it accepts sockets and sends ready-made text."""

import asyncio
import os

from redis.asyncio import Redis

everyone = set()
by_stream = {}
reader = None


async def application(scope, receive, send):
    global reader
    if scope["type"] != "websocket":
        return
    if reader is None:
        reader = asyncio.create_task(forward())
    stream = scope["path"][1:]
    await receive()
    await send({"type": "websocket.accept"})
    everyone.add(send)
    by_stream[stream] = send
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        everyone.discard(send)
        by_stream.pop(stream, None)


async def forward():
    """Send the text of each message to the sockets that follow its stream."""
    subscription = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True).pubsub()
    await subscription.subscribe("events")
    async for message in subscription.listen():
        if message["type"] == "message":
            stream, _, text = message["data"].partition("\n")
            frame = {"type": "websocket.send", "text": text}
            for send in list(everyone) if stream == "room.1" else [by_stream[stream]]:
                await send(frame)
