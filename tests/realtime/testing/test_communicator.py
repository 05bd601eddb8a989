"""The communicator, on the real consumer and on applications that misbehave."""

import asyncio
from contextvars import ContextVar

import pytest
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import URLRouter
from django.contrib.auth import get_user_model
from django.urls import path

from realtime import apublish, areauthorize
from realtime.consumers import HeartbeatMixin, RealtimeConsumer
from realtime.streams import Refused, Stream, register
from realtime.testing import RealtimeCommunicator, RealtimeError

application = RealtimeConsumer.as_asgi()
pytestmark = pytest.mark.django_db(transaction=True)


@register("shelf")
class Shelf(Stream):
    released = None

    async def authorize(self, user):
        return user.username == "alice"

    async def snapshot(self, user):
        return {"books": 3}

    async def receive(self, user, name, data):
        if name == "burn":
            raise Refused("Books are not burnt.")
        if name == "wait":
            await self.released.wait()
        return {"did": name, "with": data}


@pytest.fixture
def alice():
    return get_user_model()(pk=42, username="alice")


@pytest.fixture
def heartbeat(settings):
    settings.REALTIME = {"HEARTBEAT_INTERVAL": 0.02, "HEARTBEAT_TIMEOUT": 0.05}


async def test_it_opens_as_a_browser_does(alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        assert socket.me == "user.42"
        assert socket.subprotocol == "realtime.v1"
        assert socket.welcome["heartbeat"] == {"interval": 10.0, "timeout": 8.0}
        assert socket.unread == []


async def test_events_come_by_name_or_in_order(alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        assert (await socket.subscribe())["stream"] == "user.42"
        for name in ("first", "second", "third"):
            await apublish(alice, name, {"is": name})
        assert (await socket.event("second"))["data"] == {"is": "second"}
        assert (await socket.event())["name"] == "first"
        assert (await socket.frame("event"))["name"] == "third"


async def test_a_subscription_goes_on_after_a_position(alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        place = await socket.subscribe()
    await apublish(alice, "missed")
    after = {"epoch": place["epoch"], "offset": place["offset"]}
    async with RealtimeCommunicator(application, user=alice) as socket:
        assert (await socket.subscribe("user.42", after=after))["recovered"] is True
        assert (await socket.event("missed"))["replayed"] is True


async def test_commands_return_their_answers(alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        assert (await socket.subscribe("shelf.1"))["snapshot"] == {"books": 3}
        replies = await asyncio.gather(
            socket.send("shelf.1", "turn", 7), socket.send("shelf.1", "dust")
        )
        assert replies == [{"did": "turn", "with": 7}, {"did": "dust", "with": None}]
        assert (await socket.unsubscribe("shelf.1"))["reason"] == "asked"


async def test_what_is_refused_raises_with_its_code(alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        with pytest.raises(RealtimeError) as error:
            await socket.subscribe("user.43")
        assert error.value.code == "forbidden"
        await socket.subscribe("shelf.1")
        with pytest.raises(RealtimeError, match=r"refused: Books are not burnt\."):
            await socket.send("shelf.1", "burn")
        assert socket.unread == []


async def test_an_answer_that_comes_late_is_not_taken_for_another(alice, monkeypatch):
    monkeypatch.setattr(Shelf, "released", asyncio.Event())
    async with RealtimeCommunicator(application, user=alice) as socket:
        await socket.subscribe("shelf.1")
        with pytest.raises(AssertionError, match=r"No answer to send came; .* open after 0\.02 s"):
            await socket.send("shelf.1", "wait", timeout=0.02)
        Shelf.released.set()
        assert (await socket.send("shelf.1", "dust"))["did"] == "dust"
        assert (await socket.frame("reply"))["data"]["did"] == "wait"


async def test_pings_are_answered_without_waiting_for_anything(alice, heartbeat):
    async with RealtimeCommunicator(application, user=alice) as socket:
        with pytest.raises(AssertionError, match=r"open after 0\.2 s, unread: \[\]"):
            await socket.closed(timeout=0.2)


async def test_a_silent_socket_is_closed_as_stale(alice, heartbeat):
    async with RealtimeCommunicator(application, user=alice) as socket:
        socket.go_silent()
        assert await socket.closed() == 4408
        assert (await socket.frame("bye"))["retry"] is True
        with pytest.raises(AssertionError, match="No event came; the socket is closed with 4408"):
            await socket.event(timeout=60)


async def test_a_silent_socket_that_resumes_in_time_stays(alice, settings):
    settings.REALTIME = {"HEARTBEAT_INTERVAL": 0.1, "HEARTBEAT_TIMEOUT": 0.05}
    async with RealtimeCommunicator(application, user=alice) as socket:
        socket.go_silent()
        await socket.frame("ping")
        socket.resume()
        with pytest.raises(AssertionError, match="open"):
            await socket.closed(timeout=0.2)


async def test_a_stranger_gets_the_reason_and_is_closed():
    async with RealtimeCommunicator(application) as socket:
        assert await socket.closed() == 4501
        assert socket.me is None
        assert (await socket.frame("bye"))["reason"] == "not signed in"


async def test_a_refused_handshake_is_what_it_is_to_a_browser(alice):
    foreign = {"Origin": "https://evil.example"}
    async with RealtimeCommunicator(application, user=alice, headers=foreign) as socket:
        assert await socket.closed() == 1006
        with pytest.raises(AssertionError, match="not accepted, closed with 1006, unread: \\[\\]"):
            await socket.subscribe()


def test_a_session_cookie_tells_who_it_is(client):
    bob = get_user_model().objects.create_user("bob")
    client.force_login(bob)
    cookie = {"cookie": client.cookies.output(header="", attrs=[]).strip()}

    async def me(stack):
        async with RealtimeCommunicator(stack, headers=cookie) as socket:
            return socket.me

    routes = AuthMiddlewareStack(URLRouter([path("realtime/", application)]))
    assert asyncio.run(me(application)) == f"user.{bob.pk}"
    assert asyncio.run(me(routes)) == f"user.{bob.pk}"


async def test_a_user_counts_behind_middleware_and_routes_too(alice):
    routes = AuthMiddlewareStack(URLRouter([path("ws/<int:room>/", application)]))
    async with RealtimeCommunicator(routes, path="/ws/7/?a=b", user=alice) as socket:
        assert socket.me == "user.42"


class Chat(HeartbeatMixin, AsyncJsonWebsocketConsumer):
    left = None

    async def receive_json(self, content, **kwargs):
        if content == "crash":
            raise ZeroDivisionError
        if content == "bytes":
            await self.send(bytes_data=b"\0")
        await self.send_json({"echo": content})

    async def disconnect(self, code):
        type(self).left = code


async def test_messages_of_an_application_behind_the_mixin(heartbeat):
    async with RealtimeCommunicator(Chat.as_asgi(), subprotocols=()) as socket:
        assert socket.welcome["heartbeat"]["interval"] == 0.02
        await socket.send_frame({"say": "hello"})
        assert await socket.frame() == {"echo": {"say": "hello"}}
        await socket.send_frame('"bytes"')
        assert [await socket.frame(), await socket.frame()] == [b"\0", {"echo": "bytes"}]
        with pytest.raises(AssertionError):
            await socket.closed(timeout=0.2)
    assert Chat.left == 1001


async def test_the_mixin_says_bye_to_who_has_spoken(heartbeat):
    async with RealtimeCommunicator(Chat.as_asgi(), subprotocols=()) as socket:
        socket.go_silent()
        assert await socket.closed() == 4408
        assert (await socket.frame("bye"))["reason"] == "stale"


async def test_what_the_application_raises_is_raised_once():
    async with RealtimeCommunicator(Chat.as_asgi()) as socket:
        await socket.send_frame('"crash"')
        with pytest.raises(ZeroDivisionError):
            await socket.frame(timeout=60)
        assert await socket.closed() == 1006
    with pytest.raises(ZeroDivisionError):
        async with RealtimeCommunicator(Chat.as_asgi()) as socket:
            await socket.send_frame('"crash"')


async def test_an_application_that_returns_without_a_close():
    async def brief(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})

    async with RealtimeCommunicator(brief) as socket:
        assert await socket.closed() == 1006


async def test_the_application_does_not_inherit_the_context_of_the_test():
    variable = ContextVar("variable", default="server")
    variable.set("test")

    async def tell(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept", "subprotocol": variable.get()})

    async with RealtimeCommunicator(tell) as socket:
        assert socket.subprotocol == "server"


async def test_an_application_that_never_says_welcome():
    async def mute(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="No welcome"):
        async with RealtimeCommunicator(mute, timeout=0.1):
            pass


async def test_an_application_that_does_not_end(alice):
    async def endless(scope, receive, send):
        await application(scope, receive, send)
        await asyncio.Event().wait()

    async with RealtimeCommunicator(endless, user=alice) as socket:
        with pytest.raises(AssertionError, match=r"still runs 0\.1 s after"):
            await socket.close(timeout=0.1)


async def test_the_error_of_the_test_itself_is_what_it_fails_with(alice):
    async def endless(scope, receive, send):
        await application(scope, receive, send)
        await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        async with RealtimeCommunicator(endless, user=alice):
            raise ZeroDivisionError


async def test_no_event_shows_that_nothing_came(alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        await socket.subscribe()
        await socket.subscribe("shelf.1")
        await apublish("shelf.2", "not followed")
        await socket.no_event()
        await apublish("shelf.1", "first")
        await socket.no_event("second")
        with pytest.raises(AssertionError, match=r"No event first should have come, but: .*first"):
            await socket.no_event("first")
        with pytest.raises(AssertionError, match="No event  should have come"):
            await socket.no_event()
        assert (await socket.event())["name"] == "first"
        await socket.no_event()


async def test_a_right_that_ends(alice, monkeypatch):
    async with RealtimeCommunicator(application, user=alice) as socket:
        await socket.subscribe("shelf.1")
        await socket.subscribe("shelf.2")

        async def authorize(shelf, user):
            return shelf.key == "1"

        monkeypatch.setattr(Shelf, "authorize", authorize)
        await areauthorize(alice)
        end = {"type": "unsubscribed", "stream": "shelf.2", "reason": "forbidden"}
        assert await socket.frame("unsubscribed") == end
        await apublish("shelf.2", "secret")
        await socket.no_event()
        with pytest.raises(RealtimeError) as error:
            await socket.send("shelf.2", "read")
        assert error.value.code == "not_subscribed"


async def test_no_event_needs_a_stream_that_is_followed(alice):
    async with RealtimeCommunicator(application, user=alice) as socket:
        await socket.subscribe("shelf.1")
        await socket.unsubscribe("shelf.1")
        with pytest.raises(RuntimeError, match="Follow a stream first"):
            await socket.no_event()
