"""What the Redis log alone has: its keys, and when they go."""

import time

import pytest
import redis

from realtime.eventlog import Draft
from realtime.eventlog.redis import UNUSED_AGE, RedisEventLog
from tests.processes.waiting import wait_until
from tests.realtime.eventlog.contract import names, offsets, page, position, publish


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
