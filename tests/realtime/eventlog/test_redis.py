"""What the Redis log alone has: its keys, and when they go."""

import asyncio
import threading
import time

import pytest
import redis
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from realtime import apublish, apublish_many
from realtime.eventlog import Addressed, Draft, event_log
from realtime.eventlog.redis import RedisEventLog
from realtime.eventlog.redis.heads import UNUSED_AGE
from realtime.publications import Publication
from tests.processes.waiting import wait_until
from tests.realtime.eventlog.contract import (
    Broadcast,
    draft,
    names,
    offsets,
    page,
    position,
    publish,
)


@pytest.fixture
def log(empty_redis):
    return RedisEventLog(empty_redis.url)


@pytest.fixture
def client(empty_redis):
    return redis.Redis.from_url(empty_redis.url, decode_responses=True)


def lifetimes(client):
    return {key: client.ttl(key) for key in client.keys("*")}


def test_every_key_ends_when_its_stream_has_been_idle_for_the_age(log, client, keep):
    keep(AGE=3600)
    publish(log, "user.1", key="k")
    position(log, "user.2")
    page(log, "user.3")
    log.forget("user.1")
    publish(log, "user.1", key="k")
    log.new_epoch("user.1", position(log, "user.1").epoch)
    publish(log, "user.1", key="other")
    found = lifetimes(client)
    assert len(found) >= 5
    assert {key for key, left in found.items() if not 0 < left <= 3600} == set()


def test_an_idle_stream_begins_a_new_epoch(log, client, keep):
    keep(AGE=1)
    publish(log, "user.1", key="k", name="old")
    before = position(log, "user.1")
    wait_until(lambda: not client.keys("*"), 5, "the keys have gone")
    assert position(log, "user.1").epoch != before.epoch
    publish(log, "user.1", key="k", name="new")
    assert (names(log, "user.1"), offsets(log, "user.1")) == (["new"], [1])


def test_a_position_that_is_asked_for_keeps_the_epoch(log, client, keep):
    keep(AGE=3600)
    publish(log, "user.1")
    (head,) = client.keys("*head*")
    client.expire(head, 5)
    position(log, "user.1")
    assert client.ttl(head) > 5


def test_a_stream_without_events_that_nobody_asks_for_is_forgotten_soon(log, client, keep):
    keep(AGE=604800)
    position(log, "made.up")
    (head,) = client.keys("*head*")
    assert 0 < client.ttl(head) <= UNUSED_AGE
    publish(log, "made.up")
    position(log, "made.up")
    assert client.ttl(head) > UNUSED_AGE


def test_a_forgotten_stream_keeps_its_epoch_for_the_age(log, client, keep):
    keep(AGE=604800)
    publish(log, "user.1")
    log.forget("user.1")
    position(log, "user.1")
    (head,) = client.keys("*head*")
    assert client.ttl(head) > UNUSED_AGE


def test_a_key_is_known_after_its_event_was_pushed_out_by_others(log, keep):
    keep(COUNT=1)
    publish(log, "user.1", key="a", name="first")
    publish(log, "user.1", name="second")
    assert publish(log, "user.1", key="a", name="again") == []
    assert names(log, "user.1") == ["second"]


def test_logs_with_other_prefixes_are_apart(log, empty_redis, client):
    other = RedisEventLog(empty_redis.url, prefix="other")
    publish(log, "user.1", key="k", name="here")
    publish(other, "user.1", key="k", name="there")
    assert (names(log, "user.1"), names(other, "user.1")) == (["here"], ["there"])
    other.forget("user.1")
    assert names(log, "user.1") == ["here"]
    assert {key.partition(":")[0] for key in client.keys("*")} == {"realtime", "other"}


def test_an_earlier_version_can_read_when_an_event_was_logged(log, client):
    log.append(["s"], Draft("id", "name", "null", 1), lambda events: None)
    ((_, fields),) = client.xrange("realtime:events:s")
    assert abs(int(fields["logged"]) - time.time()) < 5
    (entry,) = log.between("s", 0, time.time() + 5, 10)
    assert entry.logged_at == int(fields["logged"]) + float(fields["fraction"])


@pytest.fixture
def site_log(settings, empty_redis):
    """The log of a site that has it in Redis."""
    options = {"url": empty_redis.url}
    backend = {"BACKEND": "realtime.eventlog.redis.RedisEventLog", "OPTIONS": options}
    settings.REALTIME = {"EVENT_LOG": backend}
    return event_log()


class AnswersLost:
    """The script, of which the first answer is lost on its way."""

    def __init__(self, script):
        self.script = script
        self.calls = 0

    def __call__(self, **arguments):
        self.calls += 1
        answer = self.script(**arguments)
        if self.calls > 1:
            return answer
        if asyncio.iscoroutine(answer):
            return self.lose(answer)
        raise redis.ConnectionError("lost")

    async def lose(self, answer):
        await answer
        raise redis.TimeoutError("lost")


EVENTS = [
    (["user.1", "user.2"], {"name": "first"}),
    (["user.1"], {"name": "keyed", "key": "k"}),
    (["user.2"], {"name": "last"}),
]


def some_events():
    return [Addressed(streams, draft(**fields)) for streams, fields in EVENTS]


def assert_appended_once(log, broadcast):
    assert names(log, "user.1") == ["first", "keyed"]
    assert names(log, "user.2") == ["first", "last"]
    kept = page(log, "user.1").events + page(log, "user.2").events
    assert sorted(broadcast, key=str) == sorted(kept, key=str), "they are broadcast all the same"


def test_an_append_whose_answer_is_lost_is_not_done_twice(log):
    broadcast, in_threads = Broadcast(), log._in_threads
    in_threads._script = AnswersLost(in_threads._script)
    log.append_many(some_events(), broadcast)
    assert_appended_once(log, broadcast)


async def test_nor_is_that_of_an_event_loop(log):
    broadcast, in_loop = Broadcast(), log._in_loop.current()
    in_loop._script = AnswersLost(in_loop._script)

    async def take(events):
        broadcast.extend(events)

    await log.append_in_loop(some_events(), take)
    await asyncio.to_thread(assert_appended_once, log, broadcast)


async def test_an_event_loop_publishes_while_the_thread_of_its_database_is_busy(site_log):
    busy = threading.Event()
    waiting = asyncio.ensure_future(sync_to_async(busy.wait)(10))
    async with asyncio.timeout(5):
        await asyncio.gather(*(apublish("user.1", "one of many") for _ in range(50)))
        await apublish_many([Publication("user.1", name) for name in "abc"])
    busy.set()
    await waiting
    assert await asyncio.to_thread(names, site_log, "user.1") == ["one of many"] * 50 + list("abc")


@pytest.mark.django_db(transaction=True)
def test_async_code_that_sync_code_waits_for_publishes_in_its_transaction(site_log):
    with transaction.atomic():
        async_to_sync(apublish)("user.1", "after the commit")
        assert names(site_log, "user.1") == []
    assert names(site_log, "user.1") == ["after the commit"]


def test_an_event_loop_leaves_no_connection_behind(site_log, client):
    publish(site_log, "user.1")

    async def publish_one():
        await apublish("user.1", "n")

    before = client.info("clients")["connected_clients"]
    for _ in range(3):
        asyncio.run(publish_one())
    assert client.info("clients")["connected_clients"] == before
    assert offsets(site_log, "user.1") == [1, 2, 3, 4]


async def test_a_redis_that_is_away_is_an_error_in_an_event_loop(redis_server):
    log = RedisEventLog(redis_server.url)
    redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        await log.append_in_loop(some_events(), Broadcast())
