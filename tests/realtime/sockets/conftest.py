import asyncio

import pytest

from tests.realtime.sockets.application import Application
from tests.realtime.sockets.connection import Connection
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
