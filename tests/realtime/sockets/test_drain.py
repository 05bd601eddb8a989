"""SIGTERM: who is sent away when, and when the server's own handler gets it."""

import asyncio
import logging
import signal

import pytest

from realtime.sockets.drain import running_drain
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import open_realtime, open_wrapped


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


async def test_a_socket_that_comes_during_the_drain_is_sent_away_too(server_handler):
    Socket(answers_after=None)
    sigterm()
    await asyncio.sleep(0.5)
    late = Socket()
    assert len(late.drained) == 1
    assert 0 <= late.drained[0] <= 1004


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
    expected = "SIGTERM is taken over: sockets are drained before the server's own handler"
    assert caplog.messages == [expected]
    sigterm()
    await asyncio.sleep(1)
    assert caplog.messages == [expected, "draining sockets=1"]


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


async def test_a_handler_of_asyncio_is_left_alone_and_the_log_says_so(restored_signal, caplog):
    caplog.set_level(logging.INFO, "realtime")
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    before = signal.getsignal(signal.SIGTERM)
    socket = Socket()
    assert signal.getsignal(signal.SIGTERM) is before
    assert caplog.messages == ["SIGTERM is not taken over: the server handles it in its event loop"]
    sigterm()
    await asyncio.wait_for(ended.wait(), 1)
    loop.remove_signal_handler(signal.SIGTERM)
    assert socket.drained == []


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
async def test_a_signal_without_a_handler_is_left_alone(restored_signal, handler):
    signal.signal(signal.SIGTERM, handler)
    running_drain()
    assert signal.getsignal(signal.SIGTERM) is handler
