import pytest

from tests.realtime.layer.broker import Broker


@pytest.fixture
def broker(settings):
    broker = Broker()
    settings.CHANNEL_LAYERS = broker.settings
    return broker
