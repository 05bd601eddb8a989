"""Uvicorn's protocol with ours put in its place, over real TCP: all is as with Uvicorn's own."""

import asyncio
import contextlib
import json
import socket
import struct
import sys
import tracemalloc
from types import SimpleNamespace

import pytest
from channels.routing import URLRouter
from django.urls import path
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from realtime.access.user_sockets import user_sockets
from realtime.consumers import RealtimeConsumer
from realtime.fanout.hub import running_hub
from realtime.middleware import HeartbeatMiddleware
from realtime.protocol.close_codes import CloseCode
from realtime.sockets.joined_writes import MAX_JOINED
from realtime.streams import Stream, register
from realtime.subscriptions.incoming import Incoming
from realtime.uvicorn import WebSocketProtocol, frame_of
from tests.processes.waiting import until

pytestmark = pytest.mark.real_time

RECEIVED = ["websocket.receive"]

UVICORNS_OWN = tracemalloc.Filter(True, "*/websockets_sansio_impl.py")

BYTES_IN, SEGMENTS_IN = (128, "=Q"), (152, "=I")
"""Where Linux' ``struct tcp_info`` has how much came in, and in how many segments with data."""


@contextlib.asynccontextmanager
async def served(application, **options):
    """Serve an application and yield the address."""
    options = {"ws": WebSocketProtocol, "interface": "asgi3", **options}
    config = Config(application, log_config=None, lifespan="off", **options)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),
        "127.0.0.1",
        0,
    )
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)


def accepting(talk):
    """Return an application that accepts and goes on with ``talk(receive, send)``."""

    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await talk(receive, send)

    return application


def plain(url):
    return connect(url, compression=None, max_queue=1, max_size=None)


def counted(peer, what):
    """Return what the kernel has counted of a peer's connection."""
    offset, form = what
    tcp = peer.transport.get_extra_info("socket")
    info = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from(form, info, offset)[0]


def say(send, text):
    return send({"type": "websocket.send", "text": text})


async def echo(receive, send):
    while (message := await receive())["type"] == "websocket.receive":
        await say(send, message["text"])


async def until_left(receive):
    while (message := await receive())["type"] != "websocket.disconnect":
        pass
    return message


TEXTS = ["plain", "naïve ☎", "", "x" * 200, "x" * 70_000, '{"type":"event"}', "x" * 200]


@pytest.mark.parametrize("open_socket", [plain, connect])
async def test_texts_arrive_whole_and_in_order(open_socket):
    async def talk(receive, send):
        for text in TEXTS:
            await say(send, text)
        await send({"type": "websocket.send", "bytes": b"\0\1"})
        await say(send, "after bytes")
        await until_left(receive)

    async with served(accepting(talk)) as url, open_socket(url) as peer:
        heard = [await peer.recv() for _ in range(len(TEXTS) + 2)]
        assert heard == [*TEXTS, b"\0\1", "after bytes"]


async def test_what_one_round_sends_is_one_segment():
    async def talk(receive, send):
        for number in range(20):
            await say(send, f"event {number}")
        await until_left(receive)

    async with served(accepting(talk)) as url, plain(url) as peer:
        assert [await peer.recv() for _ in range(20)] == [f"event {n}" for n in range(20)]
        assert counted(peer, SEGMENTS_IN) <= 2  # One may hold the answer to the handshake.


async def test_nobody_gets_compression():
    async with served(accepting(echo)) as url, connect(url) as peer:
        assert peer.protocol.extensions == []
        await peer.send("x" * 50_000)
        assert await peer.recv() == "x" * 50_000
        assert counted(peer, BYTES_IN) > 50_000


@pytest.mark.parametrize("options", [{}, {"ws_max_size": 300_000}], ids=["by itself", "flag"])
async def test_a_frame_that_is_far_too_large_ends_the_socket(settings, options):
    settings.REALTIME = {"MAX_FRAME_BYTES": 100_000}
    limit = options.get("ws_max_size", 200_000)
    async with served(accepting(echo), **options) as url:
        for size in (limit, limit + 1):
            async with plain(url) as peer:
                await peer.send("x" * size)
                await peer.recv() if size == limit else await peer.wait_closed()
                assert peer.close_code == (None if size == limit else 1009)
        async with plain(url) as peer:
            await peer.send(["x" * (limit // 2)] * 3)
            await peer.wait_closed()
            assert peer.close_code == 1009


async def test_empty_parts_of_a_message_take_no_memory():
    begin, empty_part, pong, end = (
        Frame(opcode, data, fin).serialize(mask=True)
        for opcode, data, fin in [
            (Opcode.TEXT, b"a", False),
            (Opcode.CONT, b"", False),
            (Opcode.PING, b"", True),
            (Opcode.CONT, b"b", True),
        ]
    )
    async with served(accepting(echo)) as url, plain(url) as peer:
        before = counted(peer, BYTES_IN)
        tracemalloc.start()
        try:
            peer.transport.write(begin + empty_part * 5_000 + pong)
            await until(lambda: counted(peer, BYTES_IN) > before, 5, "the server has read them")
            await asyncio.sleep(0.2)
            taken = tracemalloc.take_snapshot().filter_traces([UVICORNS_OWN]).statistics("filename")
        finally:
            tracemalloc.stop()
        assert sum(one.size for one in taken) < 20_000
        peer.transport.write(end)
        assert await peer.recv() == "ab"


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ({"ws": "websockets-sansio"}, "compression=True max_size=16777216"),
        ({"ws": "websockets-sansio", "ws_max_size": 131072}, "compression=True max_size=131072"),
        ({"ws": "auto", "ws_per_message_deflate": False}, "compression=False max_size=16777216"),
        ({"ws": "websockets-sansio", "ws_per_message_deflate": False, "ws_max_size": 131072}, ""),
        ({}, ""),
    ],
)
async def test_a_server_that_takes_too_much_is_named_once(caplog, options, warned):
    application = HeartbeatMiddleware(accepting(echo))
    async with served(application, **options) as url:
        for _ in range(3):
            async with plain(url) as peer:
                assert "welcome" in await peer.recv()
    lines = [line for line in caplog.messages if line.startswith("strangers may send too much")]
    assert len(lines) == bool(warned)
    assert all(warned in line and "--ws-per-message-deflate false" in line for line in lines)


async def test_an_application_that_ends_right_away_has_said_what_it_said():
    async def talk(receive, send):
        await say(send, "last words")

    async with served(accepting(talk)) as url, plain(url) as peer:
        assert await peer.recv() == "last words"
        with pytest.raises(ConnectionClosed):
            await peer.recv()


async def test_a_close_comes_after_what_was_said_and_nothing_comes_after_it():
    refused = []

    async def talk(receive, send):
        await say(send, "goodbye")
        await send({"type": "websocket.close", "code": 4412})
        try:
            await say(send, "too late")
        except RuntimeError as error:
            refused.append(error)

    async with served(accepting(talk)) as url, plain(url) as peer:
        assert await peer.recv() == "goodbye"
        with pytest.raises(ConnectionClosed) as closed:
            await peer.recv()
        assert closed.value.rcvd.code == 4412
    assert refused


async def test_nothing_is_sent_after_the_answer_to_a_peers_close():
    errors = []

    async def talk(receive, send):
        await say(send, "hello")
        await until_left(receive)
        try:
            await say(send, "too late")
        except OSError as error:
            errors.append(error)

    async with served(accepting(talk)) as url, plain(url) as peer:
        await peer.recv()
        await peer.close()
        await until(lambda: errors, 10, "the application has the error")


async def test_the_answer_to_a_close_is_read_though_messages_were_not():
    heard = asyncio.Event()

    async def talk(receive, send):
        await heard.wait()
        await asyncio.sleep(0.05)  # "one" waits to be received.
        await send({"type": "websocket.close", "code": 4412})
        await asyncio.sleep(1)

    async with served(accepting(talk)) as url, plain(url) as peer:
        peer.transport.pause_reading()
        await peer.send("one")
        heard.set()
        await asyncio.sleep(0.1)
        await peer.send("two")
        peer.transport.resume_reading()
        await asyncio.wait_for(peer.wait_closed(), 10)
        assert peer.close_code == 4412


async def standing(sent):
    """Return how many were sent when no more are, and at least one was."""
    stood_at = 0
    while not stood_at or stood_at != len(sent):
        stood_at = len(sent)
        await asyncio.sleep(0.1)
    return stood_at


@pytest.mark.parametrize(("size", "times"), [(MAX_JOINED // 4, 2000), (MAX_JOINED * 4, 120)])
async def test_sending_waits_for_a_peer_that_does_not_read(size, times):
    sent = []

    async def talk(receive, send):
        for number in range(times):
            await say(send, "x" * size)
            sent.append(number)
        await until_left(receive)

    async with served(accepting(talk)) as url, plain(url) as peer:
        for read in (times // 4, times * 3 // 4):
            assert 0 < await standing(sent) < times
            for _ in range(read):
                assert len(await peer.recv()) == size


async def test_a_text_waits_too_behind_bytes_that_are_too_many():
    sent = []

    async def talk(receive, send):
        await receive()
        await send({"type": "websocket.send", "bytes": bytes(16_000_000)})
        sent.append("bytes")
        await say(send, "text")
        sent.append("text")
        await until_left(receive)

    async with served(accepting(talk)) as url, plain(url) as peer:
        peer.transport.pause_reading()
        await peer.send("go on")
        await until(lambda: sent, 10, "the bytes were sent")
        await asyncio.sleep(0.1)
        assert sent == ["bytes"]
        peer.transport.resume_reading()
        assert len(await peer.recv()) == 16_000_000
        assert await peer.recv() == "text"


async def test_sending_to_a_peer_that_has_left_raises():
    errors = []

    async def talk(receive, send):
        await say(send, "hello")
        try:
            while True:
                await say(send, "still there?")
                await asyncio.sleep(0.001)
        except OSError as error:
            errors.append(error)

    async with served(accepting(talk)) as url:
        peer = await plain(url)
        await peer.recv()
        peer.transport.abort()
        await until(lambda: errors, 10, "the application has the error")


async def test_what_a_peer_says_is_heard_in_order_and_no_more_is_read_than_is_taken():
    said, heard, go_on = [], [], asyncio.Event()

    async def talk(receive, send):
        await go_on.wait()
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(message["text"])

    async with served(accepting(talk)) as url, plain(url) as peer:
        texts = [f"{number} {'x' * 100_000}" for number in range(300)]

        async def say_all():
            for text in texts:
                await peer.send(text)
                said.append(text)

        saying = asyncio.create_task(say_all())
        assert await standing(said) < len(texts)  # 30 MB are in nobody's memory.
        go_on.set()
        await saying
        await until(lambda: len(heard) == len(texts), 5, "all was heard")
    assert heard == texts


async def test_a_flood_of_small_messages_is_heard_in_order():
    heard = []

    async def talk(receive, send):
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(message["text"])
            if len(heard) % 100 == 0:
                await asyncio.sleep(0)

    texts = [str(number) for number in range(5000)]
    async with served(accepting(talk)) as url, plain(url) as peer:
        for text in texts:
            await peer.send(text)
        await until(lambda: len(heard) == len(texts), 5, "all was heard")
    assert heard == texts


async def test_of_two_who_wait_for_a_message_one_gets_it_also_when_the_other_gives_up():
    heard = []

    async def talk(receive, send):
        first, second = asyncio.create_task(receive()), asyncio.create_task(receive())
        await say(send, "waiting")
        done, rest = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == len(rest) == 1
        heard.append(done.pop().result()["text"])
        rest.pop().cancel()
        await say(send, "one gave up")
        heard.append((await receive())["text"])
        await say(send, "done")

    async with served(accepting(talk)) as url, plain(url) as peer:
        for said, next_said in [("waiting", "one"), ("one gave up", "two"), ("done", None)]:
            assert await peer.recv() == said
            if next_said:
                await peer.send(next_said)
    assert heard == ["one", "two"]


async def test_a_peer_that_pings_and_does_not_read_gets_its_last_pong_when_it_reads():
    unread = []

    async def talk(receive, send):
        protocol = receive.__self__
        await until(lambda: not protocol.writable.is_set(), 10, "the peer has taken what it takes")
        for _ in range(50_000):
            protocol.data_received(masked(b"x" * 100, Opcode.PING))
        unread.append(protocol.transport.get_write_buffer_size())
        await until_left(receive)

    async with served(accepting(talk)) as url, plain(url) as peer:
        peer.transport.pause_reading()
        while not unread:
            peer.transport.write(masked(b"x" * 100, Opcode.PING) * 1000)
            await asyncio.sleep(0.001)
        assert unread[0] < 1_000_000
        last = await peer.ping(b"last")
        peer.transport.resume_reading()
        await asyncio.wait_for(last, 5)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_frame_is_the_same_as_that_of_websockets(size):
    text = "é" * (size // 2) + "x" * (size % 2)
    assert frame_of(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


@contextlib.asynccontextmanager
async def fed(application):
    """Yield the server's end of a connection, which a test gives the bytes of the peer."""
    protocols = []

    async def holding(scope, receive, send):
        protocols.append((receive.__self__, scope))
        await application(scope, receive, send)

    async with served(holding) as url, plain(url):
        yield protocols[0][0]


def masked(data, opcode=Opcode.TEXT, *, fin=True):
    return Frame(opcode, data, fin).serialize(mask=True)


async def test_a_text_is_heard_the_same_however_its_frame_is_cut(monkeypatch):
    heard = []

    async def talk(receive, send):
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(message["text"])

    parsed = []
    parse = WebSocketsSansIOProtocol.data_received
    async with fed(accepting(talk)) as server:
        monkeypatch.setattr(
            WebSocketsSansIOProtocol,
            "data_received",
            lambda self, data: parsed.append(data) or parse(self, data),
        )
        said = []
        for text in ("", "ping", "é" * 62, "x" * 125, "x" * 126):
            whole = masked(text.encode())
            server.data_received(whole)
            server.data_received(whole + whole)
            for cut in range(1, len(whole)):
                server.data_received(whole[:cut])
                server.data_received(whole[cut:])
                server.data_received(whole)
            said += [text] * (3 + 2 * (len(whole) - 1))
        await until(lambda: len(heard) == len(said), 5, "all was heard")
    assert heard == said
    short_and_alone = {masked(b"")[:2], masked(b"ping")[:2]}
    assert not [data for data in parsed if data[:2] in short_and_alone and len(data) == 10]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([masked(b"one of", fin=False), masked(b"another")], 1002),
        ([Frame(Opcode.TEXT, b"unmasked").serialize(mask=False)], 1002),
        ([masked(b"\xff")], 1007),
    ],
    ids=["inside of another message", "without a mask", "not UTF-8"],
)
async def test_a_short_text_that_breaks_the_protocol_ends_the_socket(frames, code):
    left = []

    async def talk(receive, send):
        left.append(await until_left(receive))

    async with fed(accepting(talk)) as server:
        for frame in frames:
            server.data_received(frame)
        await until(lambda: left, 10, "the socket has ended")
    assert left[0]["code"] == code


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs Python's eager tasks")
async def test_an_application_may_accept_while_its_handshake_is_read():
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    try:
        async with served(accepting(echo)) as url, plain(url) as peer:
            for text in ("one", "x" * 200, "three"):
                await peer.send(text)
                assert await peer.recv() == text
    finally:
        loop.set_task_factory(None)


async def test_sockets_share_the_headers_that_are_equal_and_hold_no_secret():
    scopes = []

    async def talk(scope, receive, send):
        scopes.append(scope)
        await accepting(echo)(scope, receive, send)

    async with served(talk) as url:
        for _ in range(2):
            async with connect(url, additional_headers={"Cookie": "sessionid=secret"}) as peer:
                await peer.send("hello")
                await peer.recv()
    first, second = (dict(scope["headers"]) for scope in scopes)
    assert first.keys() == second.keys() >= {b"user-agent", b"cookie", b"host"}
    assert first[b"user-agent"] is second[b"user-agent"]
    assert first[b"cookie"] == second[b"cookie"]
    assert first[b"cookie"] is not second[b"cookie"]


async def test_a_socket_that_waits_holds_no_more_than_it_needs():
    async with fed(accepting(echo)) as server:
        assert vars(server) == {}  # Else Uvicorn has an attribute that __slots__ lacks.
        assert not hasattr(server, "request")
        assert server.conn.parser is None


# An application that leaves its socket to a listener


@register("plain")
class PlainStream(Stream):
    async def authorize(self, user):
        return True


class OneUser:
    """Puts a user into the scope, and does nothing after the application."""

    def __init__(self, application):
        self._application = application

    def __call__(self, scope, receive, send):
        user = SimpleNamespace(pk=42, is_authenticated=True, is_active=True)
        return self._application({**scope, "user": user}, receive, send)


class Around:
    """Does something after the application."""

    def __init__(self, application):
        self.has_ended = False
        self._application = application

    async def __call__(self, scope, receive, send):
        try:
            await self._application(scope, receive, send)
        finally:
            self.has_ended = True


@pytest.fixture
def nothing_is_recorded(settings, transactional_db):
    """The database is for the threads of the sign-in, which earlier tests may have connected."""
    settings.REALTIME = {**settings.REALTIME, "RECORDER": False, "PRESENCE": False}


def waiting_applications():
    return [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "run_asgi"]


async def begin(peer):
    """Be a page that follows a stream; returns what it got."""
    heard = [json.loads(await peer.recv())]
    await peer.send('{"type":"subscribe","ref":1,"stream":"plain.1"}')
    heard.append(json.loads(await peer.recv()))
    await peer.send('{"type":"ping","nonce":"n"}')
    heard.append(json.loads(await peer.recv()))
    return [frame["type"] for frame in heard]


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_realtime_socket_has_no_application_that_waits():
    application = OneUser(URLRouter([path("", RealtimeConsumer.as_asgi())]))
    async with served(application) as url, plain(url) as peer:
        assert await begin(peer) == ["welcome", "subscribed", "pong"]
        assert waiting_applications() == []
        assert running_hub().followers("plain.1") == 1
        await peer.close()
        await until(lambda: running_hub().followers("plain.1") == 0, 5, "it has ended")


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_middleware_that_does_something_at_the_end_is_waited_for():
    middleware = Around(OneUser(RealtimeConsumer.as_asgi()))
    async with served(middleware) as url, plain(url) as peer:
        assert await begin(peer) == ["welcome", "subscribed", "pong"]
        assert len(waiting_applications()) == 1
        assert not middleware.has_ended
        await peer.close()
        await until(lambda: middleware.has_ended, 5, "the application has ended")


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_middleware_that_sees_what_comes_goes_on_to_see_it():
    seen = []

    def seeing(scope, receive, send):
        async def noting():
            seen.append(await receive())
            return seen[-1]

        return RealtimeConsumer.as_asgi()(scope, noting, send)

    async with served(OneUser(seeing)) as url, plain(url) as peer:
        assert await begin(peer) == ["welcome", "subscribed", "pong"]
    assert [message["type"] for message in seen[:3]] == ["websocket.connect", *RECEIVED * 2]


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_socket_without_an_application_is_sent_away_and_closed():
    async with served(OneUser(RealtimeConsumer.as_asgi())) as url, plain(url) as peer:
        await begin(peer)
        user_sockets().all()[0].close(CloseCode.SIGNED_OUT)
        assert json.loads(await peer.recv())["type"] == "bye"
        await peer.wait_closed()
        assert peer.close_code == CloseCode.SIGNED_OUT
        await until(lambda: user_sockets().all() == [], 5, "it has ended")


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_frame_that_comes_before_the_socket_is_accepted_is_answered():
    def early(scope, receive, send):
        receive.__self__.data_received(masked(b'{"type":"ping","nonce":"early"}'))
        return RealtimeConsumer.as_asgi()(scope, receive, send)

    async with served(OneUser(early)) as url, plain(url) as peer:
        assert json.loads(await peer.recv()) == {"type": "pong", "nonce": "early"}
        assert waiting_applications() == []


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_frame_that_cannot_be_taken_before_the_socket_is_accepted_ends_it(monkeypatch):
    def early(scope, receive, send):
        receive.__self__.data_received(masked(b'{"type":"ping","nonce":"early"}'))
        return RealtimeConsumer.as_asgi()(scope, receive, send)

    def fail(self, message):
        raise MemoryError

    monkeypatch.setattr(Incoming, "take", fail)
    async with served(OneUser(early)) as url, plain(url) as peer:
        await asyncio.wait_for(peer.wait_closed(), 5)
        await until(lambda: user_sockets().all() == [], 5, "it has ended")


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_socket_with_a_heartbeat_of_its_own_gets_no_pings_of_uvicorns():
    application = OneUser(RealtimeConsumer.as_asgi())
    async with served(application, ws_ping_interval=0.02) as url, plain(url) as peer:
        await begin(peer)
        before = counted(peer, SEGMENTS_IN)
        await asyncio.sleep(0.2)
        assert counted(peer, SEGMENTS_IN) == before


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_an_application_stays_where_an_old_uvicorn_would_close_its_socket():
    servers = []

    def on_an_old_one(scope, receive, send):
        servers.append(receive.__self__)
        del servers[0].close_timer
        return RealtimeConsumer.as_asgi()(scope, receive, send)

    async with served(OneUser(on_an_old_one)) as url, plain(url) as peer:
        assert await begin(peer) == ["welcome", "subscribed", "pong"]
        assert len(waiting_applications()) == 1
        servers[0].close_timer = None


@pytest.mark.usefixtures("nothing_is_recorded")
async def test_a_socket_that_ended_before_it_was_accepted_is_no_error(caplog):
    def ending(scope, receive, send):
        receive.__self__.shutdown()
        return RealtimeConsumer.as_asgi()(scope, receive, send)

    async with served(OneUser(ending)) as url:
        with pytest.raises(InvalidStatus, match="500"):
            await plain(url)
        await until(lambda: not waiting_applications(), 5, "the application has ended")
    assert user_sockets().all() == []
    assert [line.message for line in caplog.records if line.levelname == "ERROR"] == []
