"""What the log in Redis Cluster has besides the contract: partitions, and slots that move."""

import pytest
import redis
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from realtime.eventlog.redis_cluster import RedisClusterEventLog
from tests.realtime.eventlog.contract import (
    Broadcast,
    draft,
    names,
    offsets,
    position,
    publish,
)

STREAMS = [f"user.{number}" for number in range(40)]


@pytest.fixture
def log(redis_cluster):
    return RedisClusterEventLog(redis_cluster.url)


def test_streams_are_spread_over_all_nodes_and_one_publish_reaches_all(log, redis_cluster):
    broadcast = publish(log, *STREAMS)
    assert sorted(event.stream for event in broadcast) == sorted(STREAMS)
    assert [log.positions(STREAMS)[name].offset for name in STREAMS] == [1] * len(STREAMS)
    for node in redis_cluster.nodes:
        with redis.Redis.from_url(node.url) as client:
            assert len(client.keys("{realtime.*}:events:user.*")) > 2


def test_a_slot_that_moves_takes_its_streams_along(log, redis_cluster):
    publish(log, "user.1", name="before")
    before = position(log, "user.1")
    redis_cluster.move_slot(f"{{realtime.{log.name_for('user.1')}}}")
    assert position(log, "user.1") == before
    redis_cluster.move_slot(f"{{realtime.{log.name_for('user.1')}}}")
    publish(log, "user.1", name="after", key="k")
    publish(log, "user.1", name="again", key="k")
    assert (names(log, "user.1"), offsets(log, "user.1")) == (["before", "after"], [1, 2])
    assert position(log, "user.1").epoch == before.epoch


@pytest.mark.django_db(transaction=True)
def test_a_slot_that_moves_before_the_commit_loses_nothing(log, redis_cluster):
    publish(log, *STREAMS)
    broadcast = Broadcast()
    with transaction.atomic():
        log.append(STREAMS, draft(name="committed"), broadcast)
        redis_cluster.move_slot(f"{{realtime.{log.name_for('user.1')}}}")
    assert len(broadcast) == len(STREAMS)
    assert all(offsets(log, name) == [1, 2] for name in STREAMS)


def test_a_cluster_that_is_away_is_an_error_and_it_is_tried_again(tmp_path):
    log = RedisClusterEventLog("redis://127.0.0.1:1/0")
    for _ in range(2):
        with pytest.raises(Exception, match="cannot be connected"):
            publish(log, "user.1")


@pytest.mark.parametrize("partitions", [0, "32"])
def test_a_log_without_partitions_is_refused(partitions):
    with pytest.raises(ImproperlyConfigured, match="not"):
        RedisClusterEventLog("redis://127.0.0.1:1/0", partitions=partitions)
