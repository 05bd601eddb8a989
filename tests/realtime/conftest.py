import asyncio
import time

import pytest
from channels.layers import channel_layers


@pytest.fixture(autouse=True)
def layer_and_log_in_memory(settings):
    """The in-memory layer is shared by a process, and keeps the groups of tests long ended."""
    channel_layers.backends.clear()
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}}


@pytest.fixture
async def wall_clock(monkeypatch):
    """``time.time`` goes as the clock of the test's loop does, in threads too."""
    loop = asyncio.get_running_loop()
    at_zero = time.time() - loop.time()
    monkeypatch.setattr("time.time", lambda: at_zero + loop.time())
