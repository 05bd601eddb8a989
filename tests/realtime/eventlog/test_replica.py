"""Replays from a read replica: never a hole, never a page that is older than the primary's."""

import pytest
from django.db import OperationalError

from realtime.eventlog import Page
from realtime.eventlog.base import LoggedEvent
from realtime.eventlog.database.replica import REST, Replica
from realtime.protocol.position import Position
from tests.realtime.eventlog.contract import draft

pytestmark = pytest.mark.django_db


def events(*offsets, epoch="e"):
    return [LoggedEvent.of(draft(), "room.1", epoch, offset) for offset in offsets]


class Copy:
    """What the replica has of one stream."""

    def __init__(self, epoch, top):
        self.page = Page(Position(epoch, top), events(*range(1, top + 1), epoch=epoch))
        self.asked = []
        self.error = None

    def read(self, after, limit, alias):
        self.asked.append(alias)
        if self.error:
            raise self.error
        return dict.fromkeys(after, self.page)


def pages(copy, *, primary, after=0):
    return Replica("default", copy.read).pages({"room.1": after}, 10, {"room.1": primary})


def test_what_has_come_far_enough_is_read_there():
    for top in (3, 4):
        copy = Copy("e", top)
        assert pages(copy, primary=Position("e", 3)) == {"room.1": copy.page}
        assert copy.asked == ["default"]


def test_what_lags_is_left_to_the_primary():
    assert pages(Copy("e", 2), primary=Position("e", 3)) == {}


def test_another_epoch_is_left_to_the_primary():
    assert pages(Copy("old", 5), primary=Position("e", 3)) == {}


def test_where_nothing_follows_nothing_is_read():
    copy = Copy("e", 3)
    found = pages(copy, primary=Position("e", 3), after=3)
    assert found == {"room.1": Page(Position("e", 3), [])}
    assert copy.asked == []


def test_one_that_fails_is_left_alone_for_a_while(monkeypatch, caplog):
    now = [1000.0]
    monkeypatch.setattr("realtime.eventlog.database.replica.time.monotonic", lambda: now[0])
    copy = Copy("e", 3)
    copy.error = OperationalError("gone")
    replica = Replica("default", copy.read)
    for _ in range(3):
        assert replica.pages({"room.1": 0}, 10, {"room.1": Position("e", 3)}) == {}
    assert len(copy.asked) == 1
    assert caplog.text.count("replica not read database=default") == 1
    now[0] += REST
    copy.error = None
    assert replica.pages({"room.1": 0}, 10, {"room.1": Position("e", 3)})
