"""Replays from a real read replica of PostgreSQL, which lags, and dies."""

import tempfile
from pathlib import Path

import dj_database_url
import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from realtime.eventlog.database.log import DatabaseEventLog
from realtime.models import Event, StreamHead
from tests.processes.standby import Standby
from tests.realtime.eventlog.contract import names, offsets, page, position, publish

ALIASES = "primary", "standby"


@pytest.fixture
def standby(postgres, postgres_url, django_db_blocker):
    with tempfile.TemporaryDirectory(prefix="standby-", ignore_cleanup_errors=True) as directory:
        server = Standby(Path(directory), postgres)
        server.start()
        found = dj_database_url.parse(postgres_url)
        for alias, port in zip(ALIASES, (postgres.port, server.port), strict=True):
            connections.databases[alias] = {**found, "PORT": port}
        connections.configure_settings(connections.databases)
        try:
            with django_db_blocker.unblock():
                with connections["primary"].schema_editor() as editor:
                    for model in (StreamHead, Event):
                        editor.create_model(model)
                yield server
        finally:
            for alias in ALIASES:
                connections[alias].close()
                del connections[alias], connections.databases[alias]
            server.kill()


class Statements:
    """What each of the two databases was asked."""

    def __enter__(self):
        self._of = [CaptureQueriesContext(connections[alias]) for alias in ALIASES]
        for one in self._of:
            one.__enter__()
        return self

    def __exit__(self, *about):
        for one in self._of:
            one.__exit__(*about)

    @property
    def events_read_from(self):
        return [
            alias
            for alias, one in zip(ALIASES, self._of, strict=True)
            if any("realtime_event event" in query["sql"] for query in one)
        ]


def test_a_replica_is_read_when_it_is_there_already_and_never_shows_a_hole(standby, caplog):
    log = DatabaseEventLog(database="primary", replica="standby")
    for name in "abc":
        publish(log, "room.1", name=name)
    standby.catch_up()
    with Statements() as asked:
        assert names(log, "room.1") == ["a", "b", "c"]
    assert asked.events_read_from == ["standby"]

    standby.hold()
    publish(log, "room.1", name="d")
    with Statements() as asked:
        assert offsets(log, "room.1", after=2) == [3, 4]
    assert "primary" in asked.events_read_from
    with Statements() as asked:
        assert page(log, "room.1", after=4).events == []
    assert asked.events_read_from == [], "nothing follows, so nobody is asked for events"

    old = position(log, "room.1")
    log.forget("room.1")
    publish(log, "room.1", name="new")
    found = page(log, "room.1")
    assert [event.name for event in found.events] == ["new"]
    assert found.position.epoch != old.epoch

    standby.catch_up()
    with Statements() as asked:
        assert names(log, "room.1") == ["new"]
    assert asked.events_read_from == ["standby"]

    standby.kill()
    assert names(log, "room.1") == names(log, "room.1") == ["new"]
    assert caplog.text.count("replica not read database=standby") == 1
