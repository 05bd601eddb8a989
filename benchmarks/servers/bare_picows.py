"""The load's own ceiling: a server that only sends ready-made bytes."""

import os

import uvloop
from picows import WSListener, WSMsgType, ws_create_server
from redis.asyncio import Redis

everyone = set()
by_stream = {}


class Peer(WSListener):
    """One socket; the path of its handshake names its stream."""

    def __init__(self, stream):
        self.stream = stream

    def on_ws_connected(self, transport):
        everyone.add(transport)
        by_stream[self.stream] = transport

    def on_ws_frame(self, transport, frame):
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport):
        everyone.discard(transport)
        by_stream.pop(self.stream, None)


async def main():
    subscription = Redis.from_url(os.environ["REDIS_URL"]).pubsub()
    await subscription.subscribe("events")
    port = int(os.environ["PORT"])
    server = await ws_create_server(
        lambda request: Peer(request.path[1:].decode()),
        "127.0.0.1",
        port,
        backlog=4096,
    )
    async with server:
        async for message in subscription.listen():
            if message["type"] == "message":
                forward(*message["data"].split(b"\n"))


def forward(stream, text):
    """Send a text to the sockets that follow a stream."""
    for transport in everyone if stream == b"room.1" else [by_stream[stream.decode()]]:
        transport.send(WSMsgType.TEXT, text)


if __name__ == "__main__":
    uvloop.run(main())
