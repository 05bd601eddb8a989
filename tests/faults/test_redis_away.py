"""Redis away altogether: publishers don't fail, sockets stay open, and the log delivers."""

import asyncio
import re
import time

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

POSITION_CHECK = 2
SLACK = 3  # seconds, for a busy machine
AWAY = {
    "stopped": (lambda redis: redis.stop(), lambda redis: redis.start()),
    "frozen": (lambda redis: redis.freeze(), lambda redis: redis.thaw()),
}


@pytest.fixture
def workers(site, redis_server, postgres_url):
    return [
        site(
            server,
            redis=redis_server,
            database_url=postgres_url,
            app="tests.faults.application:application",
            env={"DJANGO_SETTINGS_MODULE": "tests.faults.settings"},
        )
        for server in ("daphne", "uvicorn")
    ]


@pytest.mark.parametrize("how", AWAY)
async def test_views_go_on_and_the_log_delivers_while_redis_is_away(workers, redis_server, how):
    one, other = workers
    alice = one.login("alice")
    leave, come_back = AWAY[how]
    async with wire(other, cookies=alice.cookie_header()) as socket:
        await socket.send({"type": "subscribe", "ref": 1, "stream": "me"})
        await socket.frame("subscribed")
        leave(redis_server)
        call = await place_a_call(alice)
        assert call in await events_of(socket, POSITION_CHECK + SLACK)
        await asyncio.sleep(3)  # Longer than the heartbeat allows.
        come_back(redis_server)
        call = await place_a_call(alice)
        assert call in await events_of(socket, POSITION_CHECK + SLACK)
    assert "code=4408" not in other.log()
    assert_one_error_each(one.log())
    assert "Traceback" not in one.log() + other.log()
