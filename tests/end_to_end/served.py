"""What the end-to-end tests serve besides the demo: streams and consumers of another project."""

import asyncio
import time
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer, WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

import project.asgi
import realtime
from realtime import counters
from realtime.consumers import HeartbeatMixin, RealtimeConsumer
from realtime.middleware import HeartbeatMiddleware
from realtime.streams import Stream, register


@register("open")
class OpenStream(Stream):
    """Everyone may follow; does what its tests ask for."""

    def authorize(self, user: Any) -> bool:
        return True

    async def snapshot(self, user: Any) -> Any:
        if self.key == "big":
            return "x" * 400_000
        return {"key": self.key, "for": user.username}

    def receive(self, user: Any, name: str, data: Any) -> Any:
        if name == "sleep":
            time.sleep(data)
        if name == "note":
            time.sleep(0.5)
            print(f"NOTED {data}", flush=True)
        if name == "publish":
            count, size = data
            for _ in range(count):
                realtime.publish(self.name, "n", "x" * size)
        if name == "counters":
            return counters.read()
        if name == "crash":
            return 1 / 0
        return data


class Chat:
    """What both chat consumers have."""

    groups = ["chat"]
    heartbeat_interval = 0.5
    heartbeat_timeout = 0.5


class AsyncChat(Chat, HeartbeatMixin, AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if "sleep" in content:
            await asyncio.sleep(content["sleep"])
        for _ in range(content.get("flood", 0)):
            await self.send("x" * 100_000)
        await self.send_json({"echo": content, "latency": self.latency})

    async def chat_say(self, message: dict[str, Any]) -> None:
        await self.send_json({"said": message["text"]})

    async def heartbeat_stale(self, message: dict[str, Any]) -> None:
        print("STALE async", flush=True)

    async def disconnect(self, code: int) -> None:
        print(f"DISCONNECT async {code}", flush=True)


class SyncChat(Chat, HeartbeatMixin, WebsocketConsumer):
    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data and text_data.startswith("sleep "):
            time.sleep(float(text_data.split()[1]))
        self.send(text_data=text_data, bytes_data=bytes_data)

    def chat_say(self, message: dict[str, Any]) -> None:
        self.send(message["text"])

    def heartbeat_stale(self, message: dict[str, Any]) -> None:
        print("STALE sync", flush=True)

    def disconnect(self, code: int) -> None:
        print(f"DISCONNECT sync {code}", flush=True)


async def sender(scope: Any, receive: Any, send: Any) -> None:
    """An application that never reads."""
    await send({"type": "websocket.accept"})
    for number in range(30):
        await send({"type": "websocket.send", "text": str(number)})
        await asyncio.sleep(0.1)


class LenientChat(AsyncChat):
    require_heartbeat = False


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that knows neither Django nor Channels."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text", "").startswith("sleep "):
            await asyncio.sleep(float(message["text"].split()[1]))
        await send({**message, "type": "websocket.send"})
    print(f"DISCONNECT plain {message['code']}", flush=True)


application = ProtocolTypeRouter(
    {
        "http": project.asgi.django_application,
        "websocket": URLRouter(
            [
                path("realtime/", RealtimeConsumer.as_asgi()),
                path("wrapped/", HeartbeatMiddleware(RealtimeConsumer.as_asgi())),
                path("async/", AsyncChat.as_asgi()),
                path("sync/", SyncChat.as_asgi()),
                path("lenient/", LenientChat.as_asgi()),
                path("plain/", HeartbeatMiddleware(plain, interval=0.5, timeout=0.5)),
                path("sender/", HeartbeatMiddleware(sender, interval=0.5, timeout=0.5)),
                path("both/", HeartbeatMiddleware(HeartbeatMiddleware(AsyncChat.as_asgi()))),
            ]
        ),
    }
)
