import asyncio

import pytest

from tests.realtime.sockets.application import Application
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import HEARTBEAT
from tests.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(item):
    """Virtual time for all tests but those with a database, which works in threads."""
    if "transactional_db" in item.fixturenames:
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualTimeLoop}


@pytest.fixture
async def connection():
    return Connection()


@pytest.fixture
async def application():
    return Application()


@pytest.fixture
async def spoken(socket, connection):
    """A socket whose peer has sent a heartbeat."""
    connection.say(HEARTBEAT)
    await connection.frame("pong")
    return socket
