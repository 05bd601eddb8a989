"""Which backend is in force."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from realtime.eventlog.memory import MemoryEventLog
from realtime.roster import presence_backend
from realtime.roster.configured import required_backend
from realtime.roster.database import DatabasePresence
from realtime.roster.memory import MemoryPresence
from realtime.roster.redis import RedisPresence

REDIS = {
    "BACKEND": "realtime.eventlog.redis.RedisEventLog",
    "OPTIONS": {"url": "redis://127.0.0.1:1", "prefix": "mine"},
}
CLUSTER = {
    "BACKEND": "realtime.eventlog.redis_cluster.RedisClusterEventLog",
    "OPTIONS": {"url": "redis://127.0.0.1:1"},
}
SEVERAL = {
    "BACKEND": "realtime.eventlog.by_prefix.EventLogByPrefix",
    "OPTIONS": {"logs": {"": REDIS}},
}


class OwnLog(MemoryEventLog):
    pass


@pytest.mark.parametrize(
    ("configured", "backend"),
    [
        ({}, DatabasePresence),
        ({"EVENT_LOG": {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}}, MemoryPresence),
        ({"EVENT_LOG": {"BACKEND": f"{__name__}.OwnLog"}}, MemoryPresence),
        ({"EVENT_LOG": REDIS}, RedisPresence),
        ({"EVENT_LOG": CLUSTER}, DatabasePresence),
        ({"EVENT_LOG": SEVERAL}, DatabasePresence),
        ({"EVENT_LOG": None}, MemoryPresence),
        ({"PRESENCE": {"BACKEND": "realtime.roster.memory.MemoryPresence"}}, MemoryPresence),
    ],
)
def test_presence_goes_with_the_event_log_unless_it_is_named(
    settings, configured, backend, monkeypatch
):
    monkeypatch.setattr(connection, "is_in_memory_db", lambda: False)
    settings.REALTIME = configured
    assert type(presence_backend()) is backend
    assert presence_backend() is presence_backend()


def test_a_database_in_memory_is_left_to_its_other_users(settings, monkeypatch):
    monkeypatch.setattr(connection, "is_in_memory_db", lambda: True)
    settings.REALTIME = {}
    assert type(presence_backend()) is MemoryPresence


def test_redis_has_the_keys_of_its_log(settings):
    settings.REALTIME = {"EVENT_LOG": REDIS}
    assert presence_backend()._keys == ["mine:presence:"]


def test_where_presence_is_off_a_question_says_so(settings):
    settings.REALTIME = {"PRESENCE": False}
    assert presence_backend() is None
    with pytest.raises(ImproperlyConfigured, match="PRESENCE"):
        required_backend()
