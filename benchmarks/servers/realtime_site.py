"""This project: ``RealtimeConsumer``, with users from Django sessions or from the address."""

import os
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.servers.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from realtime.consumers import RealtimeConsumer  # noqa: E402
from realtime.sockets.asgi import Receive, Scope, Send  # noqa: E402
from realtime.streams import Stream, UserStream, register  # noqa: E402


@register("room")
class Room(Stream):
    """A stream that everyone may follow."""

    async def authorize(self, user: Any) -> bool:  # type: ignore[override]
        return True


class UserInAddress:
    """Puts the user that the address names into the scope, without a query."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        number = int(parse_qs(scope["query_string"].decode())["user"][0])
        scope["user"] = SimpleNamespace(pk=number, is_authenticated=True, is_active=True)
        return self._application(scope, receive, send)


assert UserStream  # The users' own streams are served by the project itself.
consumer = RealtimeConsumer.as_asgi()
if os.environ.get("LOGIN") != "session":
    consumer = UserInAddress(consumer)

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter([path("realtime/", consumer)]),
    }
)
