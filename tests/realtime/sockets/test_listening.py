"""A server that calls who listens, in place of an application that waits."""

import asyncio
from contextvars import ContextVar

import pytest

from realtime.sockets.listening import Listening, leave_to
from tests.virtual_time import settle

HELLO = {"type": "websocket.receive", "text": "hello"}
LEFT = {"type": "websocket.disconnect", "code": 1001}

request_id = ContextVar("request_id", default=None)


class Noting:
    """Notes what it is given, and in which context."""

    def __init__(self):
        self.noted = []

    def take(self, message):
        self.noted.append((message["text"], request_id.get()))

    async def ended(self, code):
        await asyncio.sleep(1)
        self.noted.append((code, request_id.get()))


@pytest.fixture
def listener():
    return Noting()


async def test_what_comes_is_handed_on_until_the_end_in_the_applications_context(listener):
    tasks = set()
    request_id.set("socket 7")
    listening = Listening(listener, tasks)
    request_id.set("another")
    for message in (HELLO, LEFT, {**LEFT, "code": 1005}, HELLO):
        listening.put_nowait(message)
    assert listener.noted == [("hello", "socket 7")]
    assert len(tasks) == 1  # The server ends when this one has.
    await asyncio.wait(tasks)
    assert listener.noted == [("hello", "socket 7"), (1001, "socket 7")]
    await settle()
    assert tasks == set()


async def test_an_end_without_a_code_is_one_for_which_asgi_has_a_code(listener):
    tasks = set()
    Listening(listener, tasks).put_nowait({"type": "websocket.disconnect"})
    await asyncio.wait(tasks)
    assert listener.noted == [(1005, None)]


async def test_an_end_needs_no_task_factory_that_takes_a_context(listener):
    tasks = set()
    loop = asyncio.get_running_loop()
    request_id.set("socket 7")
    loop.set_task_factory(lambda loop, coroutine: asyncio.Task(coroutine, loop=loop))
    Listening(listener, tasks).put_nowait(LEFT)
    loop.set_task_factory(None)
    await asyncio.wait(tasks)
    assert listener.noted == [(1001, "socket 7")]


class Server:
    """A server that can call; the module of its coroutine is not that of a server."""

    def __init__(self):
        self.listener = None

    async def receive(self):
        return HELLO

    def listen(self, listener):
        self.listener = listener


async def test_an_application_stays_where_its_server_cannot_call(listener):
    assert not leave_to(listener, lambda: HELLO)


async def test_an_application_stays_where_another_may_do_something_after_it(listener):
    server = Server()
    assert not leave_to(listener, server.receive)
    assert server.listener is None
