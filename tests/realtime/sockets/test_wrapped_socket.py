"""A heartbeat on the socket of an application that knows nothing of it."""

import asyncio

import pytest

from realtime.protocol.close_codes import CloseCode
from realtime.sockets.wrapped_socket import SCOPE_KEY, HeartbeatOptions
from tests.realtime.sockets.open_sockets import open_wrapped

HEARTBEAT = {"type": "ping", "nonce": "welcomed"}
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


class Application:
    """Accepts, then takes one message after the other while it is not busy."""

    def __init__(self):
        self.messages = []
        self.is_free = asyncio.Event()
        self.is_free.set()
        self.scope = self.send = None

    async def __call__(self, scope, receive, send):
        self.scope, self.send = scope, send
        await send({"type": "websocket.accept"})
        while True:
            await self.is_free.wait()
            self.messages.append(await receive())
            if self.messages[-1]["type"] == "websocket.disconnect":
                return "returned"

    @property
    def received(self):
        """The frames, and the codes of disconnects."""
        return [m.get("text") or m.get("bytes") or m.get("code") for m in self.messages]


@pytest.fixture
async def application():
    return Application()


@pytest.fixture
async def socket(connection, application):
    return await open_wrapped(connection, application)


@pytest.fixture
async def spoken(socket, connection):
    """A socket whose peer has sent a heartbeat."""
    connection.say(HEARTBEAT)
    await connection.frame("pong")
    return socket


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
    assert "me" not in connection.frames[0]


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


# From OPEN to CLOSING: the peer


async def test_a_peer_that_leaves_disconnects_the_application_after_its_frames(
    socket, connection, application
):
    application.is_free.clear()
    connection.say("taken already")
    connection.say("waits")
    connection.leave(1001)
    await asyncio.sleep(0.1)
    application.is_free.set()
    assert await connection.served == "returned"
    assert application.received == ["taken already", "waits", 1001]
    assert connection.close_code is None


async def test_a_peer_that_has_left_is_not_pinged_while_the_application_is_busy(
    socket, connection, application
):
    application.is_free.clear()
    connection.say("taken already")
    connection.leave()
    await asyncio.sleep(0.1)
    connection.sent.clear()
    await asyncio.sleep(100)
    assert connection.sent == []


async def test_every_receive_that_waits_gets_the_disconnect(connection):
    codes = []

    async def two_readers(scope, receive, send):
        await send({"type": "websocket.accept"})
        for message in await asyncio.gather(receive(), receive()):
            codes.append(message["code"])

    await open_wrapped(connection, two_readers)
    await asyncio.sleep(0.1)
    connection.leave(1001)
    await asyncio.wait_for(connection.served, 1)
    assert codes == [1001, 1001]


# From OPEN to CLOSING: this end


async def test_a_mute_peer_disconnects_the_application_before_all_that_waits(
    spoken, connection, application
):
    application.is_free.clear()
    connection.say("taken already")
    connection.say("waits")
    connection.freeze()
    assert await connection.closed() == 4408
    application.is_free.set()
    assert await connection.served == "returned"
    assert application.received == ["taken already", 4408]


async def test_on_stale_comes_just_before_the_disconnect_of_a_mute_peer(connection, application):
    options = HeartbeatOptions(on_stale={"type": "heartbeat.stale"})
    await open_wrapped(connection, application, options)
    connection.freeze()
    await connection.served
    types = [message["type"] for message in application.messages]
    assert types == ["heartbeat.stale", "websocket.disconnect"]


async def test_on_stale_does_not_come_with_any_other_close(connection, application):
    options = HeartbeatOptions(on_stale={"type": "heartbeat.stale"})
    socket = await open_wrapped(connection, application, options)
    socket.close(CloseCode.RESTARTING)
    await connection.served
    assert application.received == [4412]


async def test_a_peer_without_a_heartbeat_is_closed_without_a_bye(socket, connection, application):
    connection.freeze()
    connection.say('{"nonce": "but no heartbeat"}')
    assert await connection.closed() == 4408
    assert not [frame for frame in connection.frames if frame["type"] == "bye"]


async def test_a_drain_disconnects_the_application(spoken, connection, application):
    spoken.drain(700)
    assert (await connection.frame("bye"))["after"] == 700
    await connection.served
    assert application.received == [4412]


async def test_what_the_application_sends_to_a_peer_that_was_closed_is_dropped(
    spoken, connection, application
):
    spoken.close(CloseCode.DISCONNECTED)
    await connection.closed()
    sent = list(connection.sent)
    await application.send({"type": "websocket.send", "text": "too late"})
    await application.send({"type": "websocket.close"})
    assert connection.sent == sent


async def test_an_application_that_never_reads_keeps_its_peer(connection):
    async def never_reads(scope, receive, send):
        await send({"type": "websocket.accept"})
        for number in range(30):
            await asyncio.sleep(5)
            await send({"type": "websocket.send", "text": str(number)})

    await open_wrapped(connection, never_reads)
    await connection.served
    assert len(connection.pinged_at) >= 14
    assert connection.sent[-2:] == [
        {"type": "websocket.send", "text": "29"},
        {"type": "websocket.close", "code": 1000},
    ]


async def test_a_send_that_waits_for_a_peer_which_is_given_up_raises_nothing(
    connection, application
):
    await open_wrapped(connection, application)
    connection.freeze()
    connection.writable.clear()
    sending = asyncio.create_task(application.send({"type": "websocket.send", "text": "a"}))
    await asyncio.sleep(30)
    assert connection.aborted_at is not None
    connection.is_gone = True
    connection.writable.set()
    await sending


async def test_a_send_to_a_peer_that_has_left_raises_as_the_server_does(
    socket, connection, application
):
    connection.is_gone = True
    with pytest.raises(OSError, match="client disconnected"):
        await application.send({"type": "websocket.send", "text": "a"})


# From OPEN to CLOSING: the application


async def test_a_close_of_the_application_ends_the_heartbeat(connection, application):
    await open_wrapped(connection, application)
    closed_at = now()
    await application.send({"type": "websocket.close", "code": 4001})
    connection.freeze()
    await asyncio.sleep(9)
    assert connection.texts[-1] == "websocket.close"
    assert connection.close_code == 4001
    assert connection.aborted_at is None
    await asyncio.sleep(100)
    assert connection.pinged_at == []
    assert connection.aborted_at == pytest.approx(closed_at + 10)


async def test_the_peers_answer_to_that_close_disconnects_the_application(
    socket, connection, application
):
    await application.send({"type": "websocket.close", "code": 4001})
    connection.say({"type": "ping", "nonce": "crossed the close"})
    connection.say("so did this")
    connection.leave(4001)
    assert await connection.served == "returned"
    assert application.received == ["so did this", 4001]
    assert connection.texts[-1] == "websocket.close"


async def test_a_socket_that_the_application_closes_is_not_drained(connection, application):
    socket = await open_wrapped(connection, application)
    await application.send({"type": "websocket.close", "code": 4001})
    socket.drain(100)
    socket.close(CloseCode.STALE)
    assert [m for m in connection.sent if m["type"] == "websocket.close"] == [
        {"type": "websocket.close", "code": 4001}
    ]


@pytest.mark.parametrize("returned", [None, "something"])
async def test_an_application_that_returns_without_closing_is_closed(connection, returned):
    async def brief(scope, receive, send):
        await send({"type": "websocket.accept"})
        return returned

    await open_wrapped(connection, brief)
    assert await connection.served == returned
    assert connection.sent[-1] == {"type": "websocket.close", "code": 1000}
    sent = list(connection.sent)
    await asyncio.sleep(100)
    assert connection.sent == sent


async def test_an_application_that_fails_leaves_its_failure_to_the_server(connection):
    async def fail(scope, receive, send):
        await send({"type": "websocket.accept"})
        await asyncio.sleep(0.1)
        raise ZeroDivisionError

    await open_wrapped(connection, fail)
    with pytest.raises(ZeroDivisionError):
        await connection.served
    connection.sent.clear()
    await asyncio.sleep(100)
    assert connection.sent == []


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


@pytest.mark.parametrize(
    ("outer", "inner", "required"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_a_heartbeat_is_required_where_both_require_it(outer, inner, required):
    options = HeartbeatOptions(required=outer).overridden_by(HeartbeatOptions(required=inner))
    assert options.required is required
