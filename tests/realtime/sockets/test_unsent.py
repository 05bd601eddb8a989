"""What servers and the kernel show of bytes that have not left the machine."""

import socket
import sys
from types import SimpleNamespace

import pytest

from realtime.sockets.transport import Transport
from realtime.sockets.unsent import unsent_bytes


class AsyncioTransport:
    """An asyncio transport: what it holds itself, and its socket."""

    def __init__(self, held, end):
        self.held = held
        self.end = end

    def get_write_buffer_size(self):
        return self.held

    def get_extra_info(self, name):
        return self.end

    def abort(self):
        pass


def twisted(waiting, taken, added, end):
    return SimpleNamespace(
        dataBuffer=b"x" * waiting,
        offset=taken,
        _tempDataLen=added,
        fileno=end.fileno,
        abortConnection=lambda: None,
    )


@pytest.fixture
def ends():
    """A connection, of which the second end has not read anything."""
    listener = socket.create_server(("127.0.0.1", 0))
    first = socket.create_connection(listener.getsockname())
    second, _ = listener.accept()
    with listener, first, second:
        yield first, second


def test_what_a_server_holds_is_unsent(ends):
    assert unsent_bytes(AsyncioTransport(700, ends[0])) == 700
    assert unsent_bytes(twisted(500, 100, 30, ends[0])) == 430


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows it")
def test_what_the_kernel_holds_is_unsent_until_the_peer_takes_it(ends):
    first, second = ends
    first.setblocking(False)
    sent = 0
    with pytest.raises(BlockingIOError):
        while True:
            sent += first.send(b"x" * 65536)
    before = unsent_bytes(AsyncioTransport(0, first))
    assert 0 < before < sent
    read = 0
    while read < sent:
        read += len(second.recv(65536))
    assert unsent_bytes(AsyncioTransport(0, first)) == 0


def test_a_server_that_shows_nothing_is_not_known():
    assert unsent_bytes(None) is None
    assert unsent_bytes(SimpleNamespace(abort=int)) is None


def test_a_socket_that_is_gone_holds_nothing():
    assert unsent_bytes(AsyncioTransport(5, None)) == 5


async def test_what_waits_for_a_server_that_takes_nothing_is_unsent_too(connection):
    connection.get_write_buffer_size = lambda: 100
    transport = Transport(connection.send)
    connection.writable.clear()
    for text in ("x" * 10, "y" * 20):
        transport.send_text(text)
    assert transport.unsent() == 130
