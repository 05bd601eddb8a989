"""Redis away altogether: publishers don't fail, sockets stay open, and the log delivers."""

import asyncio
import re
import time

import pytest

from tests.processes.wire import wire

pytestmark = pytest.mark.processes

DELIVERED_WITHIN = 2 + 15  # seconds: POSITION_CHECK, and a busy machine
AWAY = {
    "stopped": (lambda redis: redis.stop(), lambda redis: redis.start()),
    "frozen": (lambda redis: redis.freeze(), lambda redis: redis.thaw()),
}


@pytest.fixture
def workers(worker):
    return [worker(server) for server in ("daphne", "uvicorn")]


@pytest.mark.parametrize("how", AWAY)
async def test_views_go_on_and_the_log_delivers_while_redis_is_away(workers, redis_server, how):
    one, other = workers
    alice = one.login("alice")
    leave, come_back = AWAY[how]
    async with wire(other, cookies=alice.cookie_header()) as socket:
        await socket.send({"type": "subscribe", "ref": 1, "stream": "room.1"})
        await socket.frame("subscribed")
        leave(redis_server)
        began = time.monotonic()
        for name in ("first", "second", "third"):
            await publish(alice, name)
        assert time.monotonic() - began < 5.5  # The layer's timeout of 2 s once, not each time.
        for name in ("first", "second", "third"):
            assert await next_event(socket) == name
        await asyncio.sleep(3)  # Longer than the heartbeat allows.
        come_back(redis_server)
        await publish(alice, "fourth")
        assert await next_event(socket) == "fourth"
    assert "code=4408" not in other.log()
    assert_one_error_for_each_event_that_was_not_broadcast(one.log())
    assert "Traceback" not in one.log() + other.log()


async def publish(agent, name):
    answer = await asyncio.to_thread(agent.post, "/publish/", {"name": name})
    assert answer.status_code == 201


async def next_event(socket):
    return (await socket.frame("event", timeout=DELIVERED_WITHIN))["data"]


def assert_one_error_for_each_event_that_was_not_broadcast(log):
    failed = re.findall(r"ERROR realtime[\w.]* (?:ring|broadcast) failed event=(\w+)", log)
    published = re.findall(r"publish event=(\w+) name=group.made", log)
    assert set(published[:3]) <= set(failed) <= set(published)
    assert len(failed) == len(set(failed))
