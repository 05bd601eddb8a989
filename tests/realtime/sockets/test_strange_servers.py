"""Servers of which ASGI's specification allows more than the usual ones do."""

import asyncio
from types import SimpleNamespace

import pytest

from realtime.sockets.severable import severable
from realtime.sockets.transport import Transport
from realtime.sockets.wrapped_socket import WrappedSocket
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import only_read, open_realtime, open_wrapped


class Future(Connection):
    """As Granian's: what is sent is on its way when ``send`` returns."""

    def send(self, message):
        return asyncio.ensure_future(super().send(message))


class Awaitable(Connection):
    """As NGINX Unit's: an object that can be awaited, and has methods of the same names."""

    def send(self, message):
        return Awaited(super().send(message))


class Awaited:
    def __init__(self, coroutine):
        self._coroutine = coroutine

    def __await__(self):
        return self._coroutine.__await__()

    def send(self, message):
        raise AssertionError("It is not a coroutine's.")


class PlainFunction(Connection):
    def send(self, message):
        return super().send(message)


class CallableObject(Connection):
    def __init__(self):
        super().__init__()
        self.send = CallableSend(super().send)


class CallableSend:
    def __init__(self, send):
        self._send = send

    async def __call__(self, message):
        await self._send(message)


class NeedsATask(Connection):
    async def send(self, message):
        async with asyncio.timeout(5):
            await super().send(message)


class NeedsATaskLater(Connection):
    """Takes its time only while the peer does not read."""

    async def send(self, message):
        if not self.writable.is_set():
            async with asyncio.timeout(5):
                await self.writable.wait()
        await super().send(message)


class Suspends(Connection):
    async def send(self, message):
        await asyncio.sleep(0)
        await super().send(message)


SERVERS = [
    Future,
    Awaitable,
    PlainFunction,
    CallableObject,
    NeedsATask,
    NeedsATaskLater,
    Suspends,
]


@pytest.fixture(params=[True, False], ids=["can be aborted", "cannot"])
def abortable(request):
    return request.param


@pytest.fixture(params=SERVERS)
async def server(request, abortable):
    connection = request.param()
    if not abortable:
        del connection.transport
    return connection


@pytest.fixture(params=[open_realtime, open_wrapped])
def kind(request):
    return request.param


async def open_on(server, kind):
    """Open a socket as the consumer and the middleware do, and make its peer known."""
    if kind is open_realtime:
        receive, send = severable(server.receive, server.send)
        ends = SimpleNamespace(receive=receive, send=send)
        socket = await kind(ends)
        server.served = ends.served
    else:
        socket = await kind(server)
    server.say({"type": "ping", "nonce": "1"})
    await server.frame("pong")
    return socket


async def test_each_frame_goes_out_once_and_in_order(server, kind):
    socket = await open_on(server, kind)
    for number in range(50):
        socket.send_text(f"frame {number}")
        if number % 7 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(1)
    sent = [text for text in server.texts if text.startswith("frame")]
    assert sent == [f"frame {number}" for number in range(50)]
    assert [frame["type"] for frame in server.frames].count("welcome") == 1


async def test_a_peer_that_answers_stays_and_one_that_does_not_is_let_go(server, kind):
    await open_on(server, kind)
    await asyncio.sleep(100)
    assert len(server.pinged_at) >= 9
    assert server.closed_at is None
    server.freeze()
    assert (await server.frame("bye"))["code"] == 4408
    assert await server.closed() == 4408
    async with asyncio.timeout(2):
        await server.served


async def test_a_peer_that_stops_reading_is_let_go(server, kind):
    await open_on(server, kind)
    server.writable.clear()
    async with asyncio.timeout(30):
        await server.served


async def test_a_drain_says_bye_and_closes(server, kind):
    socket = await open_on(server, kind)
    socket.drain(700)
    assert (await server.frame("bye"))["after"] == 700
    assert await server.closed() == 4412
    server.leave(4412)
    async with asyncio.timeout(2):
        await server.served


@pytest.mark.parametrize("kind_of_server", [NeedsATask, NeedsATaskLater])
async def test_no_timeout_of_a_server_ends_the_task_that_sends(kind_of_server):
    """A hub's task steps the coroutines of all its sockets."""
    server = kind_of_server()
    server.writable.clear()
    transport = Transport(server.send)

    async def hub():
        transport.send_text("a")
        await asyncio.sleep(60)
        return "went on"

    assert await asyncio.create_task(hub()) == "went on"


async def test_a_send_that_raises_immediately_ends_its_own_socket_only(caplog):
    class Raises(Connection):
        def send(self, message):
            if self.is_gone:
                raise OSError("client disconnected")
            return super().send(message)

    server = Raises()
    transport = Transport(server.send)
    transport.send_text("a")
    server.is_gone = True
    transport.send_text("b")
    assert transport.closing
    assert server.aborted_at is not None
    assert not caplog.records


class Ends:
    """A ``receive`` that hands over these messages, then raises ``error``."""

    def __init__(self, error, *messages):
        self.error = error
        self.messages = list(messages)

    async def __call__(self):
        if self.messages:
            return self.messages.pop(0)
        raise self.error


@pytest.mark.parametrize(
    ("error", "logged"), [(ConnectionResetError("left"), 0), (KeyError("a fault"), 1)]
)
async def test_a_receive_that_raises_disconnects_the_application(connection, caplog, error, logged):
    codes = []

    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        codes.append((await receive())["code"])

    receive = Ends(error, {"type": "websocket.connect"})
    socket = WrappedSocket(receive, connection.send)
    await asyncio.wait_for(socket.run(application, {"type": "websocket"}), 60)
    assert codes == [1006]
    assert sum("receive failed" in message for message in caplog.messages) == logged


async def test_a_disconnect_without_a_code_has_the_one_of_asgi(connection):
    codes = []

    async def application(scope, receive, send):
        await send({"type": "websocket.accept"})
        codes.append((await receive())["code"])

    socket = await open_wrapped(connection, application)
    connection.arrive({"type": "websocket.disconnect"})
    await connection.served
    assert codes == [1005]
    assert socket.latency is None


@pytest.mark.parametrize("kind", [open_wrapped])
async def test_an_application_that_its_server_cancels_says_bye(connection, kind):
    await open_on(connection, kind)
    connection.served.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connection.served
    bye = connection.frames[-1]
    assert (bye["type"], bye["code"]) == ("bye", 4412)
    assert 0 <= bye["after"] <= 1002
    assert connection.close_code == 4412


async def test_all_that_a_server_cancels_come_back_spread_over_as_many_as_there_were():
    connections = [Connection() for _ in range(1000)]
    for connection in connections:
        await open_wrapped(connection, only_read)
        connection.say({"type": "ping", "nonce": "1"})
        await connection.frame("pong")
    for connection in connections:
        connection.served.cancel()
    await asyncio.gather(*(c.served for c in connections), return_exceptions=True)
    waits = sorted(connection.frames[-1]["after"] for connection in connections)
    assert waits[-1] > 2500
    assert 1200 < waits[500] < 1800


async def test_nothing_is_said_where_the_drain_is_switched_off(connection, settings):
    settings.REALTIME = {"DRAIN": False}
    await open_on(connection, open_wrapped)
    connection.served.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connection.served
    assert "bye" not in [frame["type"] for frame in connection.frames]
