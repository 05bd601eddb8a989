"""The backends that the contract's suite runs on; ``test_on_postgresql`` runs it there too."""

import time
from datetime import timedelta

import pytest
import redis
from django.db.models import F

from realtime.models.recorder import RecordedProcess
from realtime.recorder.database import DatabaseRecorder, writing
from realtime.recorder.memory import MemoryRecorder
from realtime.recorder.redis import RedisRecorder

BACKENDS = [
    "memory",
    "database",
    "any database",
    pytest.param("redis", marks=pytest.mark.processes),
]


@pytest.fixture(params=BACKENDS)
def backend(request, transactional_db, monkeypatch):
    if request.param == "memory":
        return MemoryRecorder()
    if request.param == "any database":
        monkeypatch.setattr(writing, "_STATEMENTS", {})
    if "database" in request.param:
        return DatabaseRecorder()
    return RedisRecorder(request.getfixturevalue("empty_redis").url)


@pytest.fixture
def lose_leases(backend, monkeypatch, request):
    """Let so many seconds pass for the leases, by the clock of the store."""
    if isinstance(backend, MemoryRecorder):
        now, passed = time.time(), []
        monkeypatch.setattr("time.time", lambda: now + sum(passed))
        return passed.append
    if isinstance(backend, DatabaseRecorder):
        return _age_in_database
    client = redis.Redis.from_url(request.getfixturevalue("empty_redis").url)
    return lambda seconds: _age_in_redis(client, seconds)


def _age_in_database(seconds):
    by = timedelta(seconds=seconds)
    RecordedProcess.objects.update(lease_until=F("lease_until") - by)


def _age_in_redis(client, seconds):
    name = "realtime:recorder:processes"
    for process in client.zrange(name, 0, -1):
        client.zincrby(name, -seconds * 1000, process)
