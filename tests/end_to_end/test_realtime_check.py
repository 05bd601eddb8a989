"""`realtime_check --live` beside a server with which it shares a Redis."""

import re

import pytest

from tests.processes.redis_server import RedisServer
from tests.processes.site import Sites

pytestmark = pytest.mark.processes


def test_an_event_of_the_command_reaches_the_server(site: Sites, empty_redis: RedisServer) -> None:
    server = site("daphne", redis=empty_redis)
    said = server.manage("realtime_check", "--live", server.url, "--user", "alice")
    assert re.search(r"^ok +event-log: ", said, re.M), said
    assert re.search(r"^ok +layer: An event of this process is on a page after \d+ ms", said, re.M)
