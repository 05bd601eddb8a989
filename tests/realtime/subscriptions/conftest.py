import pytest

from realtime.fanout.hub import Hub
from realtime.subscriptions.subscription import Subscription
from tests.realtime.fanout.conftest import (  # noqa: F401
    broker,
    log,
    publish,
    publish_ephemeral,
)
from tests.realtime.subscriptions.client import Client, Thing


@pytest.fixture
async def hub(log, broker):  # noqa: F811
    return Hub()


@pytest.fixture
async def client(log):  # noqa: F811
    return Client()


@pytest.fixture
async def stream():
    return Thing("thing.1")


@pytest.fixture
async def subscription(client, stream, hub):
    return Subscription(client.socket, stream, hub)
