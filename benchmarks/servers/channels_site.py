"""Plain Channels, as its tutorial shows: a consumer in two groups, which sends their messages."""

import json
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.servers.settings")
django_application = get_asgi_application()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class CallsConsumer(AsyncWebsocketConsumer):
    """Sends the events of the user's group and of the room's."""

    async def connect(self):
        self.followed = [self.scope["url_route"]["kwargs"]["user"], "room.1"]
        for group in self.followed:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        for group in self.followed:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def call_state(self, event):
        await self.send(text_data=json.dumps({"name": "call.state", "data": event["data"]}))


application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter([path("<str:user>", CallsConsumer.as_asgi())]),
    }
)
