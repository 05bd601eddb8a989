"""The backends that the contract's suite runs on; ``test_on_postgresql`` runs it there too."""

import time
from datetime import timedelta

import pytest
import redis
from django.db.models import F

from realtime.models.presence import Attendance, PresenceLock, PresenceProcess
from realtime.roster.database import DatabasePresence
from realtime.roster.memory import MemoryPresence
from realtime.roster.redis import RedisPresence
from tests.realtime.roster.contract import GRACE, Process


@pytest.fixture(params=["memory", "database", pytest.param("redis", marks=pytest.mark.processes)])
def backend(request, settings, transactional_db):
    settings.REALTIME = {**settings.REALTIME, "OFFLINE_AFTER": GRACE}
    if request.param == "memory":
        return MemoryPresence()
    if request.param == "database":
        return DatabasePresence()
    return RedisPresence(request.getfixturevalue("empty_redis").url)


@pytest.fixture
def process(backend):
    """A process of the site, whose name is the one that ``swept`` knows."""
    return Process(backend, "p")


@pytest.fixture
def other(backend):
    """Another process of the same site."""
    return Process(backend, "q")


@pytest.fixture
def pass_time(backend, monkeypatch, request):
    """Let seconds pass by the clock of the backend: of the process, or of its store.

    A store's clock can't be set, so all that it keeps gets older instead.
    """
    if isinstance(backend, MemoryPresence):
        now, passed = time.time(), []
        monkeypatch.setattr("time.time", lambda: now + sum(passed))
        return passed.append
    if isinstance(backend, DatabasePresence):
        return _age_in_database
    client = redis.Redis.from_url(request.getfixturevalue("empty_redis").url)
    return lambda seconds: _age_in_redis(client, seconds)


def _age_in_database(seconds):
    by = timedelta(seconds=seconds)
    PresenceProcess.objects.update(lease_until=F("lease_until") - by)
    Attendance.objects.update(due_at=F("due_at") - by, since=F("since") - by)
    PresenceLock.objects.update(until=F("until") - by)


def _age_in_redis(client, seconds):
    for key in ("processes", "due", "locks-until", "claims"):
        name = f"realtime:presence:{key}"
        for member in client.zrange(name, 0, -1):
            client.zincrby(name, -seconds * 1000, member)
