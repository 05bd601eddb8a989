"""The transport against a server whose ``send`` blocks when its peer does not read."""

import asyncio
import functools

import pytest

from realtime.sockets.transport import Transport, find_abort, server_send
from tests.processes.waiting import until


class Server:
    """The edge: an ASGI server's side of one socket, as Uvicorn has it."""

    def __init__(self):
        self.sent = []
        self.writable = asyncio.Event()
        self.writable.set()
        self.gone = False
        self.aborted = False
        self.transport = self

    def abort(self):
        self.aborted = True

    async def send(self, message):
        await self.writable.wait()
        if self.gone:
            raise OSError("client disconnected")
        self.sent.append(message.get("text", message["type"]))


async def test_what_can_go_out_goes_out_before_send_returns():
    server = Server()
    Transport(server.send).send_text("a")
    assert server.sent == ["a"]


async def test_what_would_block_is_sent_later_in_order_and_once():
    server = Server()
    transport = Transport(server.send)
    server.writable.clear()
    for text in "abc":
        transport.send_text(text)
    assert server.sent == []
    server.writable.set()
    transport.send_text("d")
    await until(lambda: len(server.sent) == 4, 2, "all was sent")
    transport.send_text("e")
    assert server.sent == ["a", "b", "c", "d", "e"]


async def test_a_close_sends_its_last_frame_and_nothing_comes_after_it():
    server = Server()
    transport = Transport(server.send)
    transport.close(4408, "bye", abort_after=60)
    transport.send_text("too late")
    transport.close(4413, "again", abort_after=60)
    await asyncio.sleep(0)
    assert server.sent == ["bye", "websocket.close"]
    assert not server.aborted


async def test_the_connection_is_aborted_when_the_peer_does_not_close():
    server = Server()
    Transport(server.send).close(4408, abort_after=0)
    await until(lambda: server.aborted, 2, "the connection was aborted")
    assert server.sent == ["websocket.close"]


async def test_a_peer_that_does_not_read_is_cut_off():
    server = Server()
    transport = Transport(server.send)
    server.writable.clear()
    transport.send_text("a")
    transport.close(4413, "bye", abort_after=60)
    assert server.aborted
    await asyncio.sleep(0)
    assert server.sent == []


class FailingServer(Server):
    async def send(self, message):
        raise AssertionError("a fault of the server")


async def test_a_server_that_fails_to_send_has_its_connection_aborted(caplog):
    server = FailingServer()
    Transport(server.send).send_text("a")
    assert server.aborted
    assert "send failed error=AssertionError('a fault of the server')" in caplog.text


async def test_a_send_that_is_refused_ends_the_transport_without_a_word(caplog):
    server = Server()
    server.gone = True
    transport = Transport(server.send)
    transport.send_text("a")
    assert transport.closing
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]


async def test_the_way_to_abort_is_found_behind_middleware():
    server = Server()

    def middleware(send):
        async def wrapped(message):
            await send(message)

        return wrapped

    find_abort(middleware(middleware(server.send)))()
    assert server.aborted


def test_the_way_to_abort_on_daphne():
    class Twisted:
        def abortConnection(self):
            return "aborted"

    class Protocol:
        transport = Twisted()

    async def handle_reply(protocol, message):
        pass

    assert find_abort(functools.partial(handle_reply, Protocol()))() == "aborted"


@pytest.mark.parametrize("send", [lambda message: None, functools.partial(print), print])
def test_an_unknown_server_cannot_be_aborted(send):
    assert find_abort(send) is None
    assert server_send(send) is send


async def test_channels_session_middleware_is_skipped():
    from channels.sessions import InstanceSessionWrapper

    server = Server()
    wrapper = InstanceSessionWrapper({"cookies": {}}, server.send)
    assert server_send(wrapper.send) == server.send
