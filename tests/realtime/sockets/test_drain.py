"""SIGTERM and lifespan: who is sent away when, and when the server itself gets it."""

import asyncio
import logging
import os
import signal
import subprocess
import sys

import pytest
from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

from realtime.consumers import RealtimeConsumer
from realtime.middleware import DrainMiddleware, HeartbeatMiddleware
from realtime.sockets.drain import running_drain
from tests import virtual_time
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import only_read, open_realtime, open_wrapped

TAKEN_OVER = "SIGTERM is taken over: sockets are drained before the server's own handler"


class ServerHandler:
    """The server's own handler, and the instants at which it was called."""

    def __init__(self):
        self.calls = []

    def __call__(self, number, frame):
        self.calls.append((number, asyncio.get_running_loop().time()))

    @property
    def numbers(self):
        return [number for number, _ in self.calls]


@pytest.fixture
def restored_signal():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def server_handler(restored_signal):
    handler = ServerHandler()
    signal.signal(signal.SIGTERM, handler)
    return handler


class Socket:
    """A socket whose peer closes when it is sent away, after ``answers_after`` seconds."""

    def __init__(self, answers_after=0.0):
        self.drained = []
        self.answers_after = answers_after
        running_drain().add(self)

    def drain(self, after):
        self.drained.append(after)
        if self.answers_after is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.answers_after, running_drain().remove, self)


def now():
    return asyncio.get_running_loop().time()


def sigterm():
    signal.raise_signal(signal.SIGTERM)


async def test_every_socket_is_sent_away_over_time_and_then_the_server_ends(server_handler):
    sockets = [Socket(answers_after=0.3) for _ in range(250)]
    began = now()
    sigterm()
    assert server_handler.calls == []
    await asyncio.sleep(5)
    waits = [wait for socket in sockets for wait in socket.drained]
    assert len(waits) == 250
    assert min(waits) >= 0
    assert 1200 < max(waits) <= 1500  # A second, and 2 ms for each.
    assert min(waits) < 200
    assert all(isinstance(wait, int) for wait in waits)
    assert server_handler.calls == [(signal.SIGTERM, pytest.approx(began + 0.3))]


@pytest.mark.parametrize("kind", [open_realtime, open_wrapped])
async def test_real_sockets_get_bye_4412_with_the_wait(server_handler, kind):
    connections = [Connection() for _ in range(5)]
    for connection in connections:
        await kind(connection)
        connection.say({"type": "ping", "nonce": "welcomed"})
        await connection.frame("pong")
    sigterm()
    for connection in connections:
        bye = await connection.frame("bye")
        assert (bye["code"], bye["retry"]) == (4412, True)
        assert 0 <= bye["after"] <= 1010
        assert await connection.closed() == 4412
        connection.leave(4412)
        await connection.served
    began = now()
    await asyncio.sleep(1)
    assert server_handler.calls == [(signal.SIGTERM, began)]


async def test_a_server_without_sockets_ends_without_waiting(server_handler):
    running_drain()
    began = now()
    sigterm()
    await asyncio.sleep(0.1)
    assert server_handler.calls == [(signal.SIGTERM, began)]


async def test_peers_that_do_not_close_delay_the_end_by_a_second(server_handler):
    began = now()
    running_drain().remove(Socket())  # There was a time without sockets.
    Socket(answers_after=None)
    Socket()
    sigterm()
    await asyncio.sleep(5)
    assert server_handler.calls == [(signal.SIGTERM, pytest.approx(began + 1))]


async def test_what_is_done_before_the_end_is_waited_for_after_the_sockets(server_handler):
    began, calls = now(), []

    async def finish():
        calls.append(now())
        await asyncio.sleep(0.2)

    for _ in range(2):
        running_drain().before_end(finish)
    Socket(answers_after=0.3)
    sigterm()
    await asyncio.sleep(5)
    assert calls == [pytest.approx(began + 0.3)]
    assert server_handler.calls == [(signal.SIGTERM, pytest.approx(began + 0.5))]


async def test_what_takes_long_before_the_end_delays_it_by_a_second(server_handler):
    began = now()
    running_drain().before_end(asyncio.Event().wait)
    sigterm()
    await asyncio.sleep(5)
    assert server_handler.calls == [(signal.SIGTERM, pytest.approx(began + 1))]


async def test_a_socket_that_comes_during_the_drain_is_sent_away_too(server_handler):
    Socket(answers_after=None)
    sigterm()
    await asyncio.sleep(0.5)
    late = Socket()
    assert len(late.drained) == 1
    assert 0 <= late.drained[0] <= 1004


@pytest.mark.parametrize("serve", [RealtimeConsumer.as_asgi(), HeartbeatMiddleware(only_read)])
async def test_a_signal_while_the_first_socket_is_accepted_is_taken_over_too(server_handler, serve):
    connection = Connection()
    connection.writable.clear()
    connection.arrive({"type": "websocket.connect"})
    scope = {"type": "websocket", "headers": [], "subprotocols": ["realtime.v1"]}
    served = asyncio.create_task(serve(scope, connection.receive, connection.send))
    await asyncio.sleep(0.1)
    sigterm()
    await asyncio.sleep(0.1)
    connection.writable.set()
    assert await connection.closed() == 4412
    assert server_handler.numbers == [signal.SIGTERM]
    connection.leave(4412)
    await served


async def test_a_socket_that_has_ended_is_not_sent_away(server_handler):
    gone, here = Socket(), Socket()
    running_drain().remove(gone)
    sigterm()
    await asyncio.sleep(1)
    assert (len(gone.drained), len(here.drained)) == (0, 1)


async def test_a_second_signal_goes_to_the_server_without_waiting(server_handler):
    began = now()
    Socket(answers_after=None)
    sigterm()
    await asyncio.sleep(0.2)
    sigterm()
    assert server_handler.calls == [(signal.SIGTERM, pytest.approx(began + 0.2))]


async def test_the_loop_does_other_things_between_many_sockets(server_handler):
    sockets = [Socket(answers_after=None) for _ in range(1000)]
    running_drain()
    sigterm()
    seen = []
    while not sockets[-1].drained:
        await asyncio.sleep(0)
        seen.append(sum(bool(socket.drained) for socket in sockets))
    assert any(0 < number < 1000 for number in seen)


def test_a_signal_after_the_loop_has_ended_goes_to_the_server(server_handler):
    called = []
    signal.signal(signal.SIGTERM, lambda number, frame: called.append(number))

    async def serve():
        running_drain()

    asyncio.run(serve())
    sigterm()
    assert called == [signal.SIGTERM]


async def test_the_log_says_that_sigterm_is_taken_over_and_how_many_are_drained(
    server_handler, caplog
):
    caplog.set_level(logging.INFO, "realtime")
    Socket()
    assert caplog.messages == [TAKEN_OVER]
    sigterm()
    await asyncio.sleep(1)
    assert caplog.messages == [TAKEN_OVER, "draining sockets=1"]


async def test_a_drain_that_is_turned_off_leaves_the_signal_alone(server_handler, settings, caplog):
    caplog.set_level(logging.INFO, "realtime")
    settings.REALTIME = {"DRAIN": False}
    socket = Socket()
    assert signal.getsignal(signal.SIGTERM) is server_handler
    assert caplog.messages == []
    sigterm()
    await asyncio.sleep(1)
    assert server_handler.numbers == [signal.SIGTERM]
    assert socket.drained == []


class LoopHandler:
    """The handler of a server that lets its event loop call it."""

    def __init__(self):
        self.called_at = []
        self.others = []
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: self.called_at.append(now()))
        loop.add_signal_handler(signal.SIGUSR1, self.others.append, signal.SIGUSR1)

    def remove(self):
        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGUSR1)


async def pass_time(seconds):
    """Sleep in small pieces: a signal takes two rounds of the loop, between which time jumps."""
    for _ in range(round(seconds * 100)):
        await asyncio.sleep(0.01)


@pytest.fixture
async def loop_handler(restored_signal):
    if os.name == "nt":
        pytest.skip("Windows' loops call no handlers of signals")
    handler = LoopHandler()
    yield handler
    handler.remove()


async def test_a_server_whose_loop_calls_it_gets_the_signal_after_the_drain(loop_handler, caplog):
    caplog.set_level(logging.INFO, "realtime")
    socket = Socket(answers_after=0.3)
    assert caplog.messages == [TAKEN_OVER]
    began = now()
    sigterm()
    await pass_time(1)
    assert len(socket.drained) == 1
    assert loop_handler.called_at == [pytest.approx(began + 0.3, abs=0.05)]


async def test_a_second_signal_goes_through_such_a_loop_without_waiting(loop_handler):
    Socket(answers_after=None)
    began = now()
    sigterm()
    await pass_time(0.2)
    sigterm()
    await pass_time(0.1)
    assert loop_handler.called_at == [pytest.approx(began + 0.2, abs=0.05)]


async def test_its_other_signals_go_through_before_and_during_a_drain(loop_handler):
    socket = Socket(answers_after=None)
    signal.raise_signal(signal.SIGUSR1)
    await pass_time(0.1)
    assert (loop_handler.others, socket.drained) == ([signal.SIGUSR1], [])
    sigterm()
    await pass_time(0.1)
    signal.raise_signal(signal.SIGUSR1)
    await pass_time(0.1)
    assert (loop_handler.others, loop_handler.called_at) == ([signal.SIGUSR1] * 2, [])


async def test_an_ignored_signal_stays_ignored(restored_signal):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    socket = Socket()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    sigterm()
    await asyncio.sleep(1)
    assert socket.drained == []


WITHOUT_A_HANDLER = """
import asyncio, signal
from realtime.sockets.drain import running_drain

class Socket:
    def drain(self, after):
        print("drained", flush=True)
        asyncio.get_running_loop().call_later(0.01, running_drain().remove, self)

async def serve():
    running_drain().add(Socket())
    signal.raise_signal(signal.SIGTERM)
    await asyncio.sleep(60)

asyncio.run(serve())
"""


def test_a_process_without_a_handler_drains_and_dies_of_the_signal():
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_HANDLER], capture_output=True, text=True, timeout=30
    )
    assert (ended.stdout, ended.returncode) == ("drained\n", -signal.SIGTERM), ended.stderr


def test_handlers_of_loops_that_have_ended_are_not_kept(server_handler):
    async def serve():
        running_drain()

    called = []
    signal.signal(signal.SIGTERM, lambda number, frame: called.append(number))
    for _ in range(1200):  # Each calling the one before would be too deep.
        virtual_time.run(serve())
    sigterm()
    assert called == [signal.SIGTERM]


async def test_lifespan_shutdown_drains_before_the_application_shuts_down():
    socket = Socket(answers_after=0.3)
    began = now()
    lifespan = Lifespan(DrainMiddleware(own_lifespan))
    assert await lifespan.said() == "lifespan.startup.complete"
    assert socket.drained == []
    lifespan.shut_down()
    assert await lifespan.said() == "lifespan.shutdown.complete"
    assert len(socket.drained) == 1
    assert now() == pytest.approx(began + 0.3)
    await lifespan.returned


@pytest.mark.parametrize("application", [ProtocolTypeRouter({}), get_asgi_application()])
async def test_an_application_without_a_lifespan_gets_one(application):
    lifespan = Lifespan(DrainMiddleware(application))
    assert await lifespan.said() == "lifespan.startup.complete"
    socket = Socket()
    lifespan.shut_down()
    assert await lifespan.said() == "lifespan.shutdown.complete"
    assert len(socket.drained) == 1
    await lifespan.returned


async def test_an_application_that_fails_at_its_start_fails():
    async def application(scope, receive, send):
        await receive()
        raise ValueError("no database")

    with pytest.raises(ValueError, match="no database"):
        await Lifespan(DrainMiddleware(application)).returned


async def test_lifespan_shutdown_drains_nobody_where_the_drain_is_off(settings):
    settings.REALTIME = {"DRAIN": False}
    socket = Socket()
    lifespan = Lifespan(DrainMiddleware(own_lifespan))
    await lifespan.said()
    lifespan.shut_down()
    assert await lifespan.said() == "lifespan.shutdown.complete"
    assert socket.drained == []


async def test_a_drain_that_sigterm_began_is_the_same(server_handler):
    socket = Socket(answers_after=0.3)
    lifespan = Lifespan(DrainMiddleware(own_lifespan))
    await lifespan.said()
    sigterm()
    lifespan.shut_down()
    await lifespan.said()
    assert len(socket.drained) == 1


async def test_other_scopes_pass_through_the_drain_middleware():
    async def application(scope, receive, send):
        return scope, receive, send

    assert await DrainMiddleware(application)({"type": "http"}, 1, 2) == ({"type": "http"}, 1, 2)


async def own_lifespan(scope, receive, send):
    for _ in range(2):
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


class Lifespan:
    """A server's side of one lifespan, from its startup on."""

    def __init__(self, application):
        self._to_application = asyncio.Queue()
        self._said = asyncio.Queue()
        self._to_application.put_nowait({"type": "lifespan.startup"})
        self.returned = asyncio.ensure_future(
            application({"type": "lifespan"}, self._to_application.get, self._said.put)
        )

    async def said(self):
        return (await self._said.get())["type"]

    def shut_down(self):
        self._to_application.put_nowait({"type": "lifespan.shutdown"})
