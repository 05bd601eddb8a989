import asyncio
import time

import pytest
from channels.layers import channel_layers

from tests.virtual_time import VirtualTimeLoop

SERVERS = {"redis_server", "empty_redis", "redis_cluster", "postgres_url"}


@pytest.fixture(autouse=True)
def channel_layer_of_its_own():
    """The in-memory layer is shared by a process, and keeps the groups of tests long ended."""
    channel_layers.backends.clear()


@pytest.fixture(autouse=True)
def event_log_in_memory(settings):
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}}


@pytest.fixture
async def wall_clock(monkeypatch):
    """``time.time`` goes as the clock of the test's loop does, in threads too."""
    loop = asyncio.get_running_loop()
    at_zero = time.time() - loop.time()
    monkeypatch.setattr("time.time", lambda: at_zero + loop.time())


def pytest_asyncio_loop_factories(item):
    """Virtual time for all but tests with servers, and those marked: with sockets or threads."""
    if item.get_closest_marker("real_time") or SERVERS & set(item.fixturenames):
        return {"real time": asyncio.SelectorEventLoop}
    return {"virtual time": VirtualTimeLoop}
