"""The logs that the contract's suite runs on; ``test_on_postgresql`` runs it on the others."""

import time
from datetime import timedelta

import pytest
import redis
from django.db.models import F

from realtime.eventlog.by_prefix import EventLogByPrefix
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.eventlog.memory import MemoryEventLog
from realtime.eventlog.redis import RedisEventLog
from realtime.eventlog.redis_cluster import RedisClusterEventLog
from realtime.models import Event

MEMORY = {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}
MEMORY = {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}
BY_PREFIX = {"other.": MEMORY, "": MEMORY}
"""The contract's streams are in one of two logs, as a publish to several of them has to be."""


@pytest.fixture(
    params=[
        *("memory", "database", "prefix"),
        *(pytest.param(name, marks=pytest.mark.processes) for name in ("redis", "cluster")),
    ]
)
def log(request, transactional_db):
    if request.param == "prefix":
        return EventLogByPrefix(BY_PREFIX)
    if request.param == "memory":
        return MemoryEventLog()
    if request.param == "database":
        return DatabaseEventLog()
    if request.param == "cluster":
        return RedisClusterEventLog(request.getfixturevalue("redis_cluster").url)
    return RedisEventLog(request.getfixturevalue("empty_redis").url)


@pytest.fixture
def keep(settings):
    """Set what is kept: ``keep(COUNT=3)``."""

    def keep(**retention):
        settings.REALTIME = {"RETENTION": retention}

    return keep


@pytest.fixture
def pass_time(log, monkeypatch, request):
    """Let seconds pass by the clock of the log: of the process, or of its store.

    A store's clock can't be set, so all that it keeps gets older instead.
    """
    if isinstance(log, MemoryEventLog | EventLogByPrefix):
        started, passed = time.time(), []
        monkeypatch.setattr("time.time", lambda: started + sum(passed))
        return passed.append
    if isinstance(log, DatabaseEventLog):
        return lambda seconds: Event.objects.update(
            logged_at=F("logged_at") - timedelta(seconds=seconds)
        )
    if isinstance(log, RedisClusterEventLog):
        servers = request.getfixturevalue("redis_cluster").nodes
    else:
        servers = [request.getfixturevalue("empty_redis")]
    return lambda seconds: [
        _age_in_redis(redis.Redis.from_url(one.url), seconds) for one in servers
    ]


def _age_in_redis(client, seconds):
    for events in client.keys("*:events:*"):
        entries = client.xrange(events)
        client.xtrim(events, maxlen=0, approximate=False)
        copy = events + b".aged"
        for entry, fields in entries:
            client.xadd(copy, {**fields, b"logged": float(fields[b"logged"]) - seconds}, entry)
        if entries:
            client.rename(copy, events)
