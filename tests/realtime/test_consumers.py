"""The two doors for Django teams: the mixin and ``RealtimeConsumer``."""

import asyncio
import contextlib
import gc

import pytest
from asgiref.compatibility import is_double_callable
from channels.generic.websocket import AsyncJsonWebsocketConsumer, WebsocketConsumer
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError

from realtime.consumers import HeartbeatMixin, RealtimeConsumer
from realtime.middleware import HeartbeatMiddleware
from realtime.roster import presence_backend
from realtime.roster.roster import running_roster
from realtime.sockets.drain import running_drain
from realtime.streams import Stream, register
from realtime.testing import RealtimeCommunicator
from tests import virtual_time
from tests.realtime.sockets.connection import Connection

pytestmark = pytest.mark.django_db(transaction=True)  # For the threads of Channels and our own.


@register("lobby")
class Lobby(Stream):
    async def authorize(self, user):
        return True


@pytest.fixture
def alice():
    return get_user_model()(pk=42, username="alice")


# RealtimeConsumer.as_asgi


class Room(RealtimeConsumer):
    size = 10
    served = []

    async def serve(self, scope, receive, send):
        self.served.append((self, self.size))
        await super().serve(scope, receive, send)


def test_as_asgi_takes_only_attributes_of_the_class():
    with pytest.raises(TypeError, match=r"Room\.as_asgi\(\) takes attributes of it, not 'colour'"):
        Room.as_asgi(size=7, colour="red")


async def test_as_asgi_makes_an_instance_with_those_values_for_each_socket(alice):
    Room.served.clear()
    application = Room.as_asgi(size=7)
    for _ in range(2):
        async with RealtimeCommunicator(application, user=alice):
            pass
    (first, first_size), (second, second_size) = Room.served
    assert first is not second
    assert (first_size, second_size, Room.size) == (7, 7, 10)


def test_servers_take_what_as_asgi_returns_for_an_asgi_3_application():
    assert not is_double_callable(RealtimeConsumer.as_asgi())


async def test_a_drain_ends_when_the_site_knows_who_has_left(alice):
    def sockets():
        return presence_backend().sockets_of(["42"])["42"]

    async with RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=alice):
        await running_roster().written()
        assert len(sockets()) == 1
    await running_drain().start()
    assert sockets() == []


# RealtimeConsumer: who may come in

application = RealtimeConsumer.as_asgi()


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        ([], None),
        (["realtime.v1"], "realtime.v1"),
        (["realtime.v2", "realtime.v1"], "realtime.v1"),
        (["chat", "realtime.v1"], "realtime.v1"),
        (["chat"], None),
    ],
)
async def test_a_client_of_this_version_is_welcome(alice, offered, selected):
    async with RealtimeCommunicator(application, user=alice, subprotocols=offered) as socket:
        assert socket.subprotocol == selected
        assert socket.me == "user.42"


async def test_a_client_of_other_versions_only_gets_one_of_them_and_4503(alice):
    offered = ["chat", "realtime.v2", "realtime.v3"]
    async with RealtimeCommunicator(application, user=alice, subprotocols=offered) as socket:
        assert await socket.closed() == 4503
        assert socket.subprotocol == "realtime.v2"
        assert socket.welcome is None
        assert (await socket.frame("bye"))["retry"] is False


async def test_a_page_of_another_site_is_refused_before_the_handshake(alice):
    foreign = {"Origin": "https://evil.example"}
    async with RealtimeCommunicator(application, user=alice, headers=foreign) as socket:
        assert await socket.closed() == 1006
        assert socket.unread == []


@pytest.mark.parametrize(
    "visitor", [None, AnonymousUser(), get_user_model()(pk=42, is_active=False)]
)
async def test_a_visitor_gets_4501(visitor):
    async with RealtimeCommunicator(application, user=visitor) as socket:
        assert await socket.closed() == 4501
        assert socket.welcome is None
        bye = {"type": "bye", "code": 4501, "reason": "not signed in", "retry": False}
        assert await socket.frame("bye") == bye


class UserOfABrokenDatabase:
    """A lazy user, as a middleware puts it into the scope."""

    def __init__(self, error):
        self.error = error

    @property
    def is_authenticated(self):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"), [(OperationalError("away"), 4412), (KeyError("a fault"), 4500)]
)
async def test_a_user_that_cannot_be_known_is_to_come_back_unless_it_is_a_fault(
    caplog, error, code
):
    async with RealtimeCommunicator(application, user=UserOfABrokenDatabase(error)) as socket:
        assert await socket.closed() == code
        assert (await socket.frame("bye"))["retry"] is (code == 4412)
    (record,) = [one for one in caplog.records if one.name == "realtime.consumers"]
    assert repr(error) in record.getMessage()
    assert bool(record.exc_info) is (code == 4500)


class Bare(Connection):
    """A server that says no more than ASGI demands, and whose sends are futures."""

    def __init__(self, user):
        super().__init__()
        del self.transport
        self.scope = {"type": "websocket", "user": user}
        self.arrive({"type": "websocket.connect"})

    def send(self, message):
        return asyncio.ensure_future(super().send(message))

    def serve(self):
        return asyncio.create_task(application(self.scope, self.receive, self.send))


async def test_a_server_that_says_no_more_than_asgi_demands(alice):
    connection = Bare(alice)
    serving = connection.serve()
    assert (await connection.frame("welcome"))["me"] == "user.42"
    connection.say({"type": "subscribe", "ref": 1, "stream": "lobby.1"})
    assert (await connection.frame("subscribed"))["stream"] == "lobby.1"
    connection.arrive({"type": "websocket.disconnect"})
    await serving


async def test_a_client_that_left_before_it_was_accepted(alice):
    connection = Bare(alice)
    connection.is_gone = True
    await asyncio.wait_for(connection.serve(), 5)
    never_there = Bare(alice)
    await never_there.receive()
    never_there.leave()
    await asyncio.wait_for(never_there.serve(), 5)
    assert never_there.sent == []


async def test_a_receive_that_raises_an_oserror_is_a_disconnect(alice):
    connection = Bare(alice)
    messages = [{"type": "websocket.connect"}]

    async def receive():
        if messages:
            return messages.pop()
        await connection.frame("welcome")
        raise ConnectionResetError("left")

    connection.receive = receive
    await asyncio.wait_for(connection.serve(), 5)


async def test_an_application_that_its_server_cancels_says_bye(alice):
    connection = Bare(alice)
    serving = connection.serve()
    await connection.frame("welcome")
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert [frame["code"] for frame in connection.frames if frame["type"] == "bye"] == [4412]
    assert connection.close_code == 4412


def opened(user):
    return RealtimeCommunicator(application, user=user)


async def test_one_socket_too_many_closes_the_users_oldest(alice, settings):
    settings.REALTIME = {**settings.REALTIME, "MAX_SOCKETS_PER_USER": 2}
    async with opened(alice) as first, opened(alice) as second, opened(alice):
        assert await first.closed() == 4505
        assert (await second.subscribe("lobby.1"))["stream"] == "lobby.1"


async def test_a_socket_that_has_ended_counts_no_more(alice, settings, caplog):
    settings.REALTIME = {**settings.REALTIME, "MAX_SOCKETS_PER_USER": 2}
    caplog.set_level("INFO", "realtime")
    async with opened(alice) as stays:
        async with opened(alice) as ends:
            pass
        assert f"disconnected socket={ends.welcome['socket']}" in caplog.messages
        async with opened(alice):
            assert (await stays.subscribe("lobby.1"))["stream"] == "lobby.1"


async def test_a_command_may_come_before_the_welcome(alice):
    command = '{"type": "subscribe", "stream": "lobby.1", "ref": 1}'

    async def with_a_hasty_peer(scope, receive, send):
        first = [await receive(), {"type": "websocket.receive", "text": command}]

        async def hasty():
            return first.pop(0) if first else await receive()

        await application(scope, hasty, send)

    async with RealtimeCommunicator(with_a_hasty_peer, user=alice) as socket:
        assert (await socket.frame("subscribed"))["ref"] == 1


async def test_the_middleware_around_it_stands_aside(alice):
    async with RealtimeCommunicator(HeartbeatMiddleware(application), user=alice) as socket:
        assert socket.me == "user.42"
        await socket.subscribe("lobby.1")
        assert [frame for frame in socket.unread if frame["type"] == "welcome"] == []


# HeartbeatMixin


class Chat:
    """What both chat consumers have."""

    heartbeat_interval = 0.02
    heartbeat_timeout = 0.05

    def __init__(self, log):
        super().__init__()
        self.log = log


class AsyncChat(Chat, HeartbeatMixin, AsyncJsonWebsocketConsumer):
    async def receive_json(self, content, **kwargs):
        await self.send_json({"echo": content, "latency": self.latency})

    async def heartbeat_stale(self, message):
        self.log.append(message["type"])

    async def disconnect(self, code):
        self.log.append(code)


class SyncChat(Chat, HeartbeatMixin, WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(f'{{"echo": {text_data}, "latency": {self.latency or "null"}}}')

    def heartbeat_stale(self, message):
        self.log.append(message["type"])

    def disconnect(self, code):
        self.log.append(code)


@pytest.fixture(params=[AsyncChat, SyncChat])
def chat(request):
    return request.param


def test_named_after_the_consumer_it_would_do_nothing_and_is_refused():
    with pytest.raises(TypeError, match="Late: name HeartbeatMixin before the consumer class"):

        class Late(WebsocketConsumer, HeartbeatMixin):
            pass


async def test_a_consumer_works_as_before_and_has_a_heartbeat(chat):
    log = []
    async with RealtimeCommunicator(chat.as_asgi(log=log)) as socket:
        assert socket.welcome["heartbeat"] == {"interval": 0.02, "timeout": 0.05}
        assert socket.me is None
        await socket.send_frame({"hello": 1})
        assert (await socket.frame())["echo"] == {"hello": 1}
    assert log == [1001]


async def test_a_consumer_that_does_not_say_has_the_heartbeat_of_the_settings():
    class Plain(HeartbeatMixin, WebsocketConsumer):
        pass

    async with RealtimeCommunicator(Plain.as_asgi()) as socket:
        assert socket.welcome["heartbeat"] == {"interval": 10.0, "timeout": 8.0}


async def test_a_peer_that_stopped_answering_is_stale_and_then_disconnected(chat):
    log = []
    async with RealtimeCommunicator(chat.as_asgi(log=log)) as socket:
        socket.go_silent()
        assert await socket.closed() == 4408
    assert log == ["heartbeat.stale", 4408]


async def test_a_consumer_without_heartbeat_stale_is_only_disconnected():
    codes = []

    class Plain(HeartbeatMixin, AsyncJsonWebsocketConsumer):
        heartbeat_interval = heartbeat_timeout = 0.02

        async def disconnect(self, code):
            codes.append(code)

    async with RealtimeCommunicator(Plain.as_asgi()) as socket:
        socket.go_silent()
        assert await socket.closed() == 4408
    assert codes == [4408]


class PlainConsumer:
    """A consumer without Channels, and so without threads."""

    async def __call__(self, scope, receive, send):
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass


class Latent(HeartbeatMixin, PlainConsumer):
    pass


class Lenient(HeartbeatMixin, PlainConsumer):
    require_heartbeat = False


def test_latency_is_the_last_round_trip():
    async def run():
        connection, consumer = Connection(), Latent()
        assert consumer.latency is None
        connection.freeze()
        serving = asyncio.create_task(
            consumer({"type": "websocket"}, connection.receive, connection.send)
        )
        ping = await connection.frame("ping")
        assert consumer.latency is None
        await asyncio.sleep(0.3)
        connection.say({"type": "pong", "nonce": ping["nonce"]})
        await asyncio.sleep(0.1)
        assert consumer.latency == pytest.approx(0.3)
        connection.leave()
        await serving

    virtual_time.run(run())


@pytest.mark.parametrize(("consumer", "close_code"), [(Latent, 4408), (Lenient, None)])
def test_require_heartbeat_says_who_is_left_alone(consumer, close_code):
    async def run():
        connection = Connection()
        connection.freeze()
        serving = asyncio.create_task(
            consumer()({"type": "websocket"}, connection.receive, connection.send)
        )
        await asyncio.sleep(100)
        connection.leave()
        await serving
        assert connection.close_code == close_code

    virtual_time.run(run())


# The end of a socket


@contextlib.contextmanager
def garbage():
    """Yield a set, and put what reference counts have not freed into it: the kinds of ours.

    What earlier tests have left does not count: a thread drops its last job when it gets the next.
    """
    kinds = set()
    gc.collect()
    gc.disable()
    earlier = set(map(id, gc.get_objects()))
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield kinds
        gc.collect()
        rooms = ("realtime.sockets", "realtime.subscriptions", "realtime.access", "realtime.fanout")
        new = (type(one) for one in gc.garbage if id(one) not in earlier)
        kinds |= {kind for kind in new if str(kind.__module__).startswith(rooms)}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_reference_counts_free_a_socket_that_has_ended():
    alice = await get_user_model().objects.acreate(username="alice")

    async def come_and_go():
        async with RealtimeCommunicator(RealtimeConsumer.as_asgi(), user=alice) as page:
            await page.subscribe("me")
            await page.subscribe("lobby")

    await come_and_go()  # Makes what a loop has once.
    with garbage() as kinds:
        await come_and_go()
    assert kinds == set()


def test_reference_counts_free_a_wrapped_socket_that_has_ended():
    async def come_and_go(connection):
        serving = asyncio.create_task(
            Latent()({"type": "websocket"}, connection.receive, connection.send)
        )
        connection.say({"type": "pong", "nonce": (await connection.frame("ping"))["nonce"]})
        connection.say("something")
        await asyncio.sleep(1)
        connection.leave()
        await serving

    async def run():
        await come_and_go(Connection())
        with garbage() as kinds:
            await come_and_go(Connection())
        assert kinds == set()

    virtual_time.run(run())
