import pytest

from tests.realtime.sockets.application import Application
from tests.realtime.sockets.connection import Connection
from tests.realtime.sockets.open_sockets import HEARTBEAT


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
