"""What is known of each ASGI server: its own ``send``, and what aborts a connection."""

import functools

import pytest
from channels.sessions import InstanceSessionWrapper

from realtime.sockets.servers import find_abort, server_send
from realtime.sockets.wrapped_socket import WrappedSocket


async def test_the_way_to_abort_is_found_behind_middleware(connection):
    def middleware(send):
        async def wrapped(message):
            await send(message)

        return wrapped

    find_abort(middleware(middleware(connection.send)))()
    assert connection.aborted_at is not None


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


async def test_channels_session_middleware_and_our_own_are_skipped(connection):
    session = InstanceSessionWrapper({"cookies": {}}, connection.send)
    assert server_send(session.send) == connection.send
    ours = WrappedSocket(connection.receive, session.send)
    assert server_send(ours.send) == connection.send


async def test_another_middleware_is_not_skipped_whatever_its_attributes(connection):
    class Counting:
        real_send = connection.send

        async def send(self, message):
            await self.real_send(message)

    counting = Counting()
    assert server_send(counting.send) == counting.send


class Writer:
    """The end of Hypercorn's chain of senders."""

    class transport:
        @staticmethod
        def abort():
            return "aborted"


class Server:
    def __init__(self):
        self.writer = Writer()

    async def protocol_send(self, event):
        pass


class Stream:
    def __init__(self, send):
        self.send = send

    async def stream_send(self, event):
        await self.send(event)


class SharedConnection(Stream):
    streams = {}


def test_the_way_to_abort_on_hypercorn():
    of_websocket = Stream(Stream(Server().protocol_send).stream_send)
    assert find_abort(of_websocket.stream_send)() == "aborted"


def test_a_connection_of_http_2_is_not_one_sockets_to_abort():
    of_websocket = Stream(SharedConnection(Server().protocol_send).stream_send)
    assert find_abort(of_websocket.stream_send) is None


def test_a_closure_with_a_name_that_is_not_bound_yet():
    def middleware():
        async def send(message):
            await later(message)

        yield send
        later = None

    assert find_abort(next(middleware())) is None
