"""A heartbeat on the socket of an application that knows nothing of it, until one side closes."""

import asyncio

import pytest

from realtime.counters import SOCKETS_CLOSED, SOCKETS_DISCONNECTED, SOCKETS_OPENED
from realtime.sockets.heartbeat_options import HeartbeatOptions
from realtime.sockets.wrapped_socket import SCOPE_KEY
from tests.realtime.sockets.application import Application
from tests.realtime.sockets.open_sockets import HEARTBEAT, open_wrapped

BY_LOOKS_ONLY = [
    '{"type": "ping", "nonce": 7}',
    '{"type": "pong", "nonce": "x", "more": 1}',
    '{"type": "ping"}',
    '{"type": "hello", "nonce": "x"}',
    '["ping", "nonce"]',
    '"nonce"',
    '{"nonce"',
    b'{"type": "ping", "nonce": "bytes"}',
]


@pytest.fixture
async def socket(connection, application):
    return await open_wrapped(connection, application)


def now():
    return asyncio.get_running_loop().time()


# CONNECTING


async def test_nothing_is_said_before_the_application_accepts(connection):
    may_accept = asyncio.Event()

    async def slow(scope, receive, send):
        assert (await receive())["type"] == "websocket.connect"
        await may_accept.wait()
        await send({"type": "websocket.accept", "subprotocol": "chat"})
        await receive()

    connection.arrive({"type": "websocket.connect"})
    await open_wrapped(connection, slow)
    await asyncio.sleep(100)
    assert connection.sent == []
    may_accept.set()
    await connection.frame("welcome")
    assert connection.sent[0] == {"type": "websocket.accept", "subprotocol": "chat"}
    assert not {"me", "limits"} & connection.frames[0].keys()


async def test_an_application_that_refuses_the_handshake_has_no_heartbeat(connection):
    async def refuse(scope, receive, send):
        await send({"type": "websocket.close", "code": 4000})
        await receive()

    await open_wrapped(connection, refuse)
    await asyncio.sleep(100)
    assert connection.sent == [{"type": "websocket.close", "code": 4000}]
    assert connection.aborted_at is None


async def test_a_peer_that_leaves_before_the_accept_disconnects_the_application(connection):
    codes = []

    async def waits(scope, receive, send):
        codes.append((await receive())["code"])

    await open_wrapped(connection, waits)
    connection.leave(1006)
    await connection.served
    assert codes == [1006]
    assert connection.sent == []


# BYPASSED


async def test_an_application_with_a_heartbeat_of_its_own_has_the_socket_to_itself(connection):
    received = []

    async def own(scope, receive, send):
        scope[SCOPE_KEY].bypass()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            received.append(message["text"])

    socket = await open_wrapped(connection, own)
    connection.say('{"type": "ping", "nonce": "mine"}')
    await asyncio.sleep(100)
    assert received == ['{"type": "ping", "nonce": "mine"}']
    socket.drain(100)
    connection.leave()
    await connection.served
    assert connection.texts == ["websocket.accept"]


# OPEN


@pytest.mark.parametrize(
    ("ends", "closed", "disconnected"),
    [
        ("leaves", {}, {"1001": 1}),
        ("leaves strangely", {}, {"other": 1}),
        ("is closed", {}, {"1000": 1}),
        ("is drained", {"restarting": 1}, {}),
    ],
)
async def test_each_socket_ends_once_by_the_code_of_the_side_that_ends_it(
    connection, application, ends, closed, disconnected
):
    socket = await open_wrapped(connection, application)
    if ends == "is closed":
        await application.send({"type": "websocket.close"})
    if ends == "is drained":
        socket.drain(100)
    connection.leave({"leaves": 1001, "leaves strangely": 4321}.get(ends, 1006))
    await connection.served
    assert SOCKETS_OPENED.read() == {"": 1}
    assert SOCKETS_CLOSED.read() == closed
    assert SOCKETS_DISCONNECTED.read() == disconnected


async def test_frames_of_the_heartbeat_never_reach_the_application(socket, connection, application):
    connection.say(HEARTBEAT)
    connection.say({"type": "pong", "nonce": "x"})
    connection.say("hello")
    await asyncio.sleep(100)
    assert len(connection.pinged_at) >= 9
    assert application.received == ["hello"]


async def test_all_others_do_untouched_and_in_their_order(socket, connection, application):
    for frame in BY_LOOKS_ONLY:
        connection.say(frame)
    await asyncio.sleep(0.1)
    assert application.received == BY_LOOKS_ONLY


async def test_the_application_gets_its_scope_and_the_peer_its_frames(
    socket, connection, application
):
    assert application.scope == {"type": "websocket", SCOPE_KEY: socket}
    await application.send({"type": "websocket.send", "text": "a"})
    await application.send({"type": "websocket.send", "bytes": b"b"})
    assert connection.sent[-2:] == [
        {"type": "websocket.send", "text": "a"},
        {"type": "websocket.send", "bytes": b"b"},
    ]


async def test_pings_are_answered_and_sent_while_the_application_is_busy(
    spoken, connection, application
):
    application.is_free.clear()
    connection.say("taken already")
    connection.say("waits")
    connection.say({"type": "ping", "nonce": "meanwhile"})
    assert (await connection.frame("pong"))["nonce"] == "meanwhile"
    await asyncio.sleep(100)
    assert len(connection.pinged_at) >= 9
    application.is_free.set()
    await asyncio.sleep(0.1)
    assert application.received == ["taken already", "waits"]


async def test_the_numbers_of_the_options_are_announced_and_kept(connection, application):
    await open_wrapped(connection, application, HeartbeatOptions(interval=2.0, timeout=1.0))
    assert connection.frames[0]["heartbeat"] == {"interval": 2.0, "timeout": 1.0}
    connection.freeze()
    await connection.frame("ping")
    pinged_at = now()
    await connection.closed()
    assert connection.closed_at - pinged_at == pytest.approx(1.1, abs=0.1)


# Too many frames


async def test_32_frames_may_wait_for_a_busy_application(spoken, connection, application):
    application.is_free.clear()
    for number in range(33):  # It waits for the first already.
        connection.say(str(number))
    await asyncio.sleep(1000)
    assert connection.close_code is None
    application.is_free.set()
    await asyncio.sleep(0.1)
    assert application.received == [str(number) for number in range(33)]


async def test_one_more_ends_the_socket_after_half_a_second(spoken, connection, application):
    application.is_free.clear()
    connection.say("taken already")
    await asyncio.sleep(0.1)
    began = now()
    for number in range(33):
        connection.say(str(number))
    bye = {"type": "bye", "code": 4429, "reason": "too many frames", "retry": True}
    assert await connection.frame("bye") == bye
    await connection.closed()
    assert connection.closed_at - began == pytest.approx(0.5)
    application.is_free.set()
    await connection.served
    assert application.received == ["taken already", 4429]


async def test_a_burst_of_256_may_come_and_of_257_not(connection):
    class Slow(Application):
        async def __call__(self, scope, receive, send):
            async def slowly():
                await asyncio.sleep(0.1)
                return await receive()

            await super().__call__(scope, slowly, send)

    await open_wrapped(connection, slow := Slow())
    for number in range(256):
        connection.say(str(number))
    await asyncio.sleep(60)
    assert slow.received == [str(number) for number in range(256)]
    began = now()
    for number in range(258):
        connection.say(str(number))
    assert await connection.closed() == 4429
    assert connection.closed_at - began < 0.1


# Peers without a heartbeat


async def test_where_none_is_required_a_peer_without_a_heartbeat_is_left_alone(
    connection, application
):
    await open_wrapped(connection, application, HeartbeatOptions(required=False))
    connection.freeze()
    connection.say("hello")
    await asyncio.sleep(1000)
    assert connection.pinged_at == []
    assert application.received == ["hello"]
    assert connection.close_code is None


async def test_its_first_heartbeat_starts_ours(connection, application):
    await open_wrapped(connection, application, HeartbeatOptions(required=False))
    await asyncio.sleep(100)
    connection.freeze()
    began = now()
    connection.say(HEARTBEAT)
    await connection.frame("ping")
    assert now() - began <= 10.1
    assert await connection.closed() == 4408
    assert (await connection.frame("bye"))["code"] == 4408


# Options


async def test_an_application_inside_overrides_what_it_sets_and_nothing_else(connection):
    async def inner(scope, receive, send):
        scope[SCOPE_KEY].override(HeartbeatOptions(interval=3.0, on_stale={"type": "stale"}))
        await only_accept(scope, receive, send)

    await open_wrapped(connection, inner, HeartbeatOptions(interval=2.0, timeout=1.0))
    assert connection.frames[0]["heartbeat"] == {"interval": 3.0, "timeout": 1.0}


async def only_accept(scope, receive, send):
    await send({"type": "websocket.accept"})
    await receive()
