"""What a type checker sees at the public doors: mypy checks this file, and nothing runs it."""

from collections.abc import Awaitable
from typing import Any, assert_type

from django.contrib.auth.models import AbstractUser, User
from django.http import HttpRequest

from realtime import (
    Publication,
    adisconnect,
    aposition,
    apublish,
    apublish_many,
    areceipt,
    disconnect,
    position,
    publish,
    publish_many,
    receipt,
)
from realtime.consumers import RealtimeConsumer
from realtime.contrib.html import apublish_html, html_publication, publish_html
from realtime.contrib.models import RowStream, StreamedManager, streams_model
from realtime.protocol.position import Position
from realtime.receipts import DeadlineState, Receipt, UnreceivedEvent
from realtime.streams import Stream, UserStream, register, sign_stream
from realtime.tickets import Grant, issue


def publishing(request: HttpRequest, user: AbstractUser) -> None:
    publish("call.7", "state")
    publish(user, "state", {"any": "data"}, key="1")
    publish(request.user, "state", ephemeral=True)
    publish([user, "call.7"], "state")
    publish(User.objects.all(), "state")
    assert_type(publish(user, "state", within=3, otherwise="calls.tasks.next_agent"), str)
    publish(user, "state", within="3")  # type: ignore[arg-type]
    publish(user, "state", within=3, otherwise=publishing)  # type: ignore[arg-type]
    some = [Publication(user, "state"), Publication(["call.7", request.user], "n", 1, key="k")]
    assert_type(publish_many(some), list[str])
    publish_many(some, ephemeral=True)
    publish_many(["call.7"])  # type: ignore[list-item]
    Publication(7, "state")  # type: ignore[arg-type]
    publish(7, "state")  # type: ignore[arg-type]
    publish([7], "state")  # type: ignore[list-item]


def disconnecting(request: HttpRequest, user: AbstractUser) -> None:
    disconnect(user, reason="Closing time.")
    disconnect(request.user, retry=True)
    disconnect(User.objects.all())
    disconnect(socket="e92f8876f50e")
    disconnect("user.7")  # type: ignore[arg-type]
    disconnect(user, "e92f8876f50e")  # type: ignore[call-arg]


def positions(user: AbstractUser) -> None:
    assert_type(position(user), Position)
    assert_type(position("call.7"), Position)
    assert_type(position([user, "call.7"]), dict[str, Position])
    assert_type(position(User.objects.all()), dict[str, Position])


def receipts() -> None:
    found = receipt("43b640e8c5e5494996a05597263a769c")
    assert_type(found, Receipt | None)
    if found is not None:
        assert_type(found.deadline, DeadlineState)
        assert_type(found.is_received, bool)
        assert_type([one.user for one in found.received], list[str | None])


def next_agent(event: UnreceivedEvent) -> None:
    assert_type(event.name, str)


async def from_async_code(user: AbstractUser) -> None:
    assert_type(await apublish(user, "state", within=0.5), str)
    assert_type(await apublish_many([Publication("call.7", "state")]), list[str])
    assert_type(await areceipt("43b640e8c5e5494996a05597263a769c"), Receipt | None)
    await adisconnect(user, socket="e92f8876f50e")
    assert_type(await aposition(user), Position)
    assert_type(await aposition([user]), dict[str, Position])


def tickets(request: HttpRequest, user: AbstractUser) -> None:
    assert_type(issue(user), str)
    issue(request.user, [user, "call.7"], seconds=30)
    issue("alice")  # type: ignore[arg-type]
    assert_type(sign_stream("call.7", user=user, seconds=60.5), str)
    Grant(user, expires=1.5, streams={"call.7"})
    Grant(user, expires="tomorrow")  # type: ignore[arg-type]


@register("sync")
class Sync(Stream):
    def authorize(self, user: Any) -> bool:
        return True


@register("asynchronous")
class Asynchronous(Stream):
    async def authorize(self, user: Any) -> bool:
        return True

    async def snapshot(self, user: Any) -> dict[str, int]:
        return {"n": 1}


class Wrong(Stream):
    def authorize(self, user: Any) -> str:  # type: ignore[override]
        return "yes"


assert_type(Sync("sync.1").authorize(None), bool)
assert_type(Stream("any.1").authorize(None), bool | Awaitable[bool])
register("user", UserStream)
RealtimeConsumer.as_asgi(colour="red")


async def html(request: HttpRequest, user: AbstractUser) -> None:
    assert_type(publish_html([user, "room.7"], "append", "lines", "line.html", {"a": 1}), str)
    assert_type(await apublish_html(request.user, "refresh", key="1"), str)
    assert_type(html_publication("room.7", "remove", "m1"), Publication)
    publish_html("room.7", "remove", 1)  # type: ignore[arg-type]


@streams_model(User, to=lambda user: [user, "users"], fields=["username"])
class Users(RowStream):
    def authorize_row(self, user: AbstractUser, row: User) -> bool:
        return user == row


streams_model(User, to=lambda user: 7)  # type: ignore[arg-type, return-value]


def rows(manager: StreamedManager[User]) -> None:
    assert_type(manager.filter(pk=1).update(username="a"), int)
    assert_type(manager.get(pk=1), User)
