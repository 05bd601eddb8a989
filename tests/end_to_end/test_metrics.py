"""What a Daphne and two workers of Uvicorn have done stands in one scrape of any of them."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.processes.waiting import until, wait_until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.metrics_settings"}
APPLICATION = "tests.end_to_end.served:application"
STREAM = "open.room"


class Scrape:
    """What Prometheus gets."""

    def __init__(self, site):
        headers = {"Authorization": "Bearer scraped", "Connection": "close"}
        answer = requests.get(f"{site.url}/metrics", headers=headers, timeout=10)
        answer.raise_for_status()
        families = text_string_to_metric_families(answer.text)
        self.samples = [sample for family in families for sample in family.samples]

    def by_process(self, name, **labels):
        """Return the sum of a metric's samples with these labels, of each process."""
        found = {}
        for sample in self.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                process = sample.labels["process"]
                found[process] = found.get(process, 0) + sample.value
        return found

    def sum(self, name, **labels):
        return sum(self.by_process(name, **labels).values())


@pytest.fixture
def daphne(site, redis_server):
    return site("daphne", redis=redis_server, env=SETTINGS, app=APPLICATION)


@pytest.fixture
def uvicorn(site, redis_server, daphne):
    """Two workers of one port, with the other's database."""
    shared = {"redis": redis_server, "database_url": daphne.database_url, "app": APPLICATION}
    return site("uvicorn", env={**SETTINGS, "WEB_CONCURRENCY": "2"}, forked=False, **shared)


async def following(stack, site, cookies, **after):
    """Return a socket that follows the stream, and where it is."""
    socket = await stack.enter_async_context(wire(site, cookies=cookies))
    await socket.send({"type": "subscribe", "ref": 1, "stream": STREAM, **after})
    subscribed = await socket.frame("subscribed")
    return socket, {key: subscribed[key] for key in ("epoch", "offset")}


async def publish(socket):
    about = {"type": "send", "stream": STREAM, "name": "publish", "data": [1, 10], "ref": 2}
    await socket.send(about)
    await socket.frame("reply")


async def test_the_sum_over_all_processes_is_what_was_done(daphne, uvicorn, cable):
    cookies = daphne.login("alice").cookie_header()
    async with AsyncExitStack() as stack:
        first, _ = await following(stack, daphne, cookies)
        others = [await following(stack, uvicorn, cookies) for _ in range(8)]
        await publish(first)
        for socket, _ in [(first, None), *others]:
            await socket.frame("event")
        lost, position = others.pop()
        cable.cut(lost.port)
        await until(lambda: stale(daphne), 10, "the server gives the lost socket up")
        await publish(first)
        for socket, _ in [(first, None), *others]:
            await socket.frame("event")
        back, _ = await following(stack, uvicorn, cookies, after=position)
        for _ in range(2):
            assert (await back.frame("event"))["replayed"]
        async with wire(uvicorn) as visitor:
            assert await visitor.closed() == 4501
        await asyncio.sleep(1)  # A heartbeat later, a proof has come.
        found = await asyncio.to_thread(Scrape, uvicorn)
        assert sorted(found.by_process("realtime_process_up").values()) == [1, 1, 1]
        assert sorted(found.by_process("realtime_layer_up").values()) == [1, 1, 1]
        assert sorted(found.by_process("realtime_log_up").values()) == [1, 1, 1]
        assert found.sum("realtime_sockets_open") == 9
        assert found.sum("realtime_sockets_opened_total") == 11
        assert found.sum("realtime_sockets_closed_total", reason="stale") == 1
        assert found.sum("realtime_handshakes_refused_total", reason="not_signed_in") == 1
        assert found.sum("realtime_events_published_total", kind="kept") == 2
        assert found.sum("realtime_events_broadcast_total", result="sent") == 2
        assert found.sum("realtime_events_delivered_total", kind="kept") == 9 + 8
        assert found.sum("realtime_events_replayed_total") == 2
        assert found.sum("realtime_command_seconds_count", command="subscribe") == 10
        assert found.sum("realtime_command_seconds_count", command="send") == 2
        matched = found.sum("realtime_heartbeats_matched_total")
        assert 9 < matched <= found.sum("realtime_heartbeats_sent_total")
        assert found.sum("realtime_latency_seconds_count") == matched
        handed_out = found.sum("realtime_event_handout_seconds_count")
        assert 3 <= handed_out <= 6  # Each event once in each process that has a follower.
        assert found.sum("realtime_event_handout_seconds_sum") < 20
        assert found.sum("realtime_event_proof_seconds_count") >= 1
        assert found.sum("realtime_resets_total") == 0
        await shows_what_stands_still(daphne, uvicorn.workers[-1])


async def shows_what_stands_still(site, worker):
    """Scrape another process while a worker is stopped, and after its end."""
    os.kill(worker, signal.SIGSTOP)
    stopped = await asyncio.to_thread(Scrape, site)
    assert sorted(stopped.by_process("realtime_process_up").values()) == [0, 1, 1]
    assert len(stopped.by_process("realtime_sockets_open")) == 2
    os.kill(worker, signal.SIGKILL)
    reason = "nobody waits for a worker that has ended"
    await asyncio.to_thread(wait_until, lambda: silent(site) == 0, 20, reason)


def silent(site):
    return list(Scrape(site).by_process("realtime_process_up").values()).count(0)


def stale(site):
    return Scrape(site).sum("realtime_sockets_closed_total", reason="stale")


def test_a_process_is_unready_while_its_redis_is_away_and_says_so_in_time(daphne, redis_server):
    def layer():
        began = time.monotonic()
        answer = requests.get(f"{daphne.url}/health/ready", timeout=10)
        assert time.monotonic() - began < 4
        assert (answer.status_code == 200) == answer.json()["ready"]
        return answer.json()

    ready = {"ready": True, "log": "up", "layer": "up", "process": "up"}
    assert layer() == ready
    redis_server.stop()
    assert layer() == {**ready, "ready": False, "layer": "down"}
    assert requests.get(f"{daphne.url}/health/live", timeout=10).status_code == 200
    redis_server.start()
    wait_until(lambda: layer() == ready, 10, "the layer is up again")
