import json

import pytest

from realtime.eventlog import Draft, event_log
from realtime.layer.broadcast import abroadcast
from realtime.layer.messages import ephemeral_messages, logged_messages
from tests.realtime.fanout.faulty_log import FaultyLog
from tests.realtime.layer.conftest import broker  # noqa: F401
from tests.virtual_time import settle


@pytest.fixture
def log(settings):
    backend = f"{FaultyLog.__module__}.{FaultyLog.__qualname__}"
    settings.REALTIME = {"EVENT_LOG": {"BACKEND": backend}}
    return event_log()


@pytest.fixture
def publish(broker, log):  # noqa: F811
    """Publish events of a stream, and let them arrive."""

    async def publish(stream, *data, exclude=None):
        await abroadcast(logged_messages(log.write(stream, *data, exclude=exclude)))
        await settle()

    return publish


@pytest.fixture
def publish_ephemeral(broker):  # noqa: F811
    async def publish(stream, data, exclude=None):
        draft = Draft("id", "n", json.dumps(data), 1, exclude=exclude)
        await abroadcast(ephemeral_messages([stream], draft))
        await settle()

    return publish
