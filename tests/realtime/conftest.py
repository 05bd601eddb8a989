import pytest
from channels.layers import channel_layers


@pytest.fixture(autouse=True)
def channel_layer_of_its_own():
    """The in-memory layer is shared by a process, and keeps the groups of tests long ended."""
    channel_layers.backends.clear()


@pytest.fixture(autouse=True)
def event_log_in_memory(settings):
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}}
