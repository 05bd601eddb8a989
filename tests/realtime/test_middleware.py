"""``HeartbeatMiddleware``: around any ASGI application, alone and with the mixin inside."""

import asyncio

import pytest

from realtime.consumers import HeartbeatMixin
from realtime.middleware import HeartbeatMiddleware
from tests import virtual_time
from tests.realtime.sockets.connection import Connection


async def echo(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


class Echo:
    async def __call__(self, scope, receive, send):
        await echo(scope, receive, send)


class Fast(HeartbeatMixin, Echo):
    heartbeat_interval = 3.0


class Lenient(HeartbeatMixin, Echo):
    require_heartbeat = False


async def serve(application, connection):
    """Serve a socket for 100 s to a peer that says hello and answers no ping."""
    connection.freeze()
    connection.arrive({"type": "websocket.connect"})
    connection.say("hello")
    serving = asyncio.create_task(
        application({"type": "websocket"}, connection.receive, connection.send)
    )
    await asyncio.sleep(100)
    connection.leave()
    await serving


def served(application):
    async def run():
        connection = Connection()
        await serve(application, connection)
        return connection

    return virtual_time.run(run())


def welcomes(connection):
    return [frame["heartbeat"] for frame in connection.frames if frame["type"] == "welcome"]


def test_an_application_gets_a_heartbeat_and_works_as_before():
    connection = served(HeartbeatMiddleware(echo, interval=5.0, timeout=4.0))
    assert welcomes(connection) == [{"interval": 5.0, "timeout": 4.0}]
    assert "hello" in connection.texts
    assert connection.close_code == 4408


def test_without_numbers_the_settings_count(settings):
    settings.REALTIME = {"HEARTBEAT_INTERVAL": 7, "HEARTBEAT_TIMEOUT": 6}
    assert welcomes(served(HeartbeatMiddleware(echo))) == [{"interval": 7.0, "timeout": 6.0}]


def test_a_peer_without_a_heartbeat_may_be_left_alone():
    connection = served(HeartbeatMiddleware(echo, require_heartbeat=False))
    assert len(welcomes(connection)) == 1
    assert connection.pinged_at == []
    assert connection.close_code is None


@pytest.mark.parametrize("kind", ["http", "lifespan"])
async def test_other_scopes_go_through_untouched(kind):
    async def application(*arguments):
        return arguments

    scope, receive, send = {"type": kind}, object(), object()
    returned = await HeartbeatMiddleware(application)(scope, receive, send)
    assert all(one is other for one, other in zip(returned, (scope, receive, send), strict=True))
    assert scope == {"type": kind}


def test_two_of_them_are_one_heartbeat_with_the_outer_ones_numbers():
    connection = served(HeartbeatMiddleware(HeartbeatMiddleware(echo, interval=1.0), interval=5.0))
    assert welcomes(connection) == [{"interval": 5.0, "timeout": 8.0}]


def test_a_mixin_inside_is_one_heartbeat_with_the_mixins_numbers():
    connection = served(HeartbeatMiddleware(Fast(), interval=5.0, timeout=4.0))
    assert welcomes(connection) == [{"interval": 3.0, "timeout": 4.0}]
    assert connection.close_code == 4408


def test_a_mixin_inside_may_leave_peers_without_a_heartbeat_alone():
    connection = served(HeartbeatMiddleware(Lenient()))
    assert len(welcomes(connection)) == 1
    assert connection.close_code is None


def test_a_mixin_inside_knows_the_latency():
    async def run():
        connection, consumer = Connection(), Fast()
        connection.arrive({"type": "websocket.connect"})
        application = HeartbeatMiddleware(consumer)
        serving = asyncio.create_task(
            application({"type": "websocket"}, connection.receive, connection.send)
        )
        await connection.frame("ping")
        await asyncio.sleep(0.1)
        connection.leave()
        await serving
        return consumer.latency

    assert virtual_time.run(run()) == 0.0


def test_a_mixin_inside_learns_that_its_peer_is_stale():
    received = []

    class Consumer:
        async def __call__(self, scope, receive, send):
            await send({"type": "websocket.accept"})
            while not received or received[-1] != "websocket.disconnect":
                received.append((await receive())["type"])

    class Noticing(HeartbeatMixin, Consumer):
        def heartbeat_stale(self, message):
            pass

    served(HeartbeatMiddleware(Noticing()))
    assert received[-2:] == ["heartbeat.stale", "websocket.disconnect"]
