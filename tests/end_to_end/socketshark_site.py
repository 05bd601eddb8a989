"""A site that has moved from SocketShark: its services as streams, and both protocols' doors."""

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

import project.asgi
import realtime
from realtime import tickets
from realtime.consumers import RealtimeConsumer
from realtime.socketshark import SocketSharkMiddleware
from realtime.streams import Mode, Refused, Stream, register


class Service(Stream):
    """Says in the log which of its hooks run, and publishes what its clients ask for."""

    def authorize(self, user: Any) -> bool:
        return True

    def receive(self, user: Any, name: str, data: Any) -> Any:
        for event in data["publish"]:
            exclude = self.socket if data.get("others") else None
            realtime.publish(self.name, "n", event, exclude=exclude)
        return {"published": len(data["publish"])}

    def say(self, hook: str, user: Any) -> None:
        print(f"HOOK {hook} {self.name} {user.username} {dict(self.given)}", flush=True)


@register("books")
class Books(Service):
    extra = ("author_id",)
    fields = ("author_id", "user")
    heartbeat_every = 0.1

    def field_values(self, user: Any) -> Any:
        return {**self.given, "user": user.username}

    def before_subscribe(self, user: Any) -> None:
        if self.key == "missing":
            raise Refused("Book does not exist.")

    async def snapshot(self, user: Any) -> Any:
        return {"title": "Everyone poops"} if self.key == "book_1" else None

    def receive(self, user: Any, name: str, data: Any) -> Any:
        if data.get("action") == "burn":
            raise Refused("Book could not be updated.")
        if data.get("action") == "ticket":
            return {"ticket": tickets.issue(user)}
        return super().receive(user, name, data) if "publish" in data else data.get("answer")

    def on_subscribe(self, user: Any) -> None:
        self.say("on_subscribe", user)

    async def before_unsubscribe(self, user: Any) -> None:
        if self.key == "sticky":
            raise Refused("You stay.")

    def on_unsubscribe(self, user: Any) -> None:
        self.say("on_unsubscribe", user)

    def on_heartbeat(self, user: Any) -> None:
        self.say("on_heartbeat", user)


@register("calls")
class Calls(Service):
    order = "order"
    order_key = "key"


@register("stats")
class Stats(Service):
    throttle = 0.4


@register("weather")
class Weather(Service):
    mode = Mode.CACHE


application = ProtocolTypeRouter(
    {
        "http": project.asgi.django_application,
        "websocket": URLRouter(
            [
                path("shark/", SocketSharkMiddleware(RealtimeConsumer.as_asgi())),
                path("realtime/", RealtimeConsumer.as_asgi()),
            ]
        ),
    }
)
