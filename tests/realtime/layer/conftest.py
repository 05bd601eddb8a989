import pytest

from tests.realtime.layer.broker import Broker
from tests.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories():
    return {"virtual time": VirtualTimeLoop}


@pytest.fixture
def broker(settings):
    broker = Broker()
    settings.CHANNEL_LAYERS = broker.settings
    return broker
