"""What only one process does at a time: every log knows which one, and what it has noted."""

from datetime import timedelta

import pytest
from django.db.models import F

from realtime.eventlog.by_prefix import EventLogByPrefix
from realtime.eventlog.memory import MemoryEventLog
from realtime.eventlog.redis import RedisEventLog
from realtime.eventlog.redis_cluster import RedisClusterEventLog
from realtime.models.log import Lease


@pytest.fixture
def let_pass(log):
    """Let seconds pass for the leases alone."""
    if isinstance(log, EventLogByPrefix):
        log = log.ask("", lambda first: first)
    if isinstance(log, MemoryEventLog):

        def pass_in_memory(seconds):
            for task, (process, until, note) in log._leases.items():
                log._leases[task] = process, until - seconds, note

        return pass_in_memory
    if isinstance(log, RedisClusterEventLog):
        log = log.ask("0", lambda first: first)
    if isinstance(log, RedisEventLog):
        client = log._redis

        def pass_in_redis(seconds):
            for key in client.keys("*:lease:*") + client.keys("*:note:*"):
                client.pexpire(key, client.pttl(key) - int(seconds * 1000))

        return pass_in_redis
    return lambda seconds: Lease.objects.update(until=F("until") - timedelta(seconds=seconds))


def test_one_process_has_a_lease_until_its_end(log, let_pass):
    assert log.take_lease("watch", "a", 10) == ""
    assert log.take_lease("watch", "b", 10) is None
    assert log.take_lease("other", "b", 10) == ""
    assert log.keep_lease("watch", "a", 10, "as far as 7")
    assert not log.keep_lease("watch", "b", 10, "mine")
    assert log.take_lease("watch", "b", 10) is None
    let_pass(11)
    assert log.take_lease("watch", "b", 10) == "as far as 7"
    assert not log.keep_lease("watch", "a", 10, "late")
    assert log.take_lease("watch", "b", 10) == "as far as 7", "whose lease it is takes it again"


def test_a_note_of_long_ago_is_not_handed_on(log, let_pass):
    assert log.take_lease("watch", "a", 10) == ""
    log.keep_lease("watch", "a", 10, "as far as 7")
    let_pass(50)
    assert log.take_lease("watch", "b", 10) == ""
    assert log.take_lease("watch", "a", 10) is None
