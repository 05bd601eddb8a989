"""What several processes remove at the same time: none waits for a row that another has locked."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from realtime.access import tickets
from realtime.concurrency.removal import remove_unlocked
from realtime.eventlog.database.log import DatabaseEventLog
from realtime.eventlog.database.retention import prune_by_age, prune_by_count
from realtime.models import Event, UsedTicket
from realtime.models.presence import PresenceLock
from realtime.roster.database import locks
from tests.processes.inner_pytest import pass_all
from tests.realtime.eventlog.contract import publish

A_MONTH = timedelta(days=30)


def old_events():
    for _ in range(5):
        publish(DatabaseEventLog(), "user.1")
    Event.objects.update(logged_at=Now() - A_MONTH)


def locks_without_holders():
    PresenceLock.objects.bulk_create(
        PresenceLock(name=f"ticket.{n}", user=f"{n}", until=Now() - A_MONTH) for n in range(5)
    )


def used_tickets():
    UsedTicket.objects.bulk_create(UsedTicket(nonce=f"{n}", expires=0) for n in range(5))


def prune_used_tickets(using):
    tickets._Pruning().run(UsedTicket.objects.using(using))


REMOVALS = {
    "events by age": (Event, old_events, prune_by_age, 0),
    "events by count": (Event, old_events, prune_by_count, 1),
    "locks": (PresenceLock, locks_without_holders, locks.prune, 0),
    "tickets": (UsedTicket, used_tickets, prune_used_tickets, 0),
}
"""What there is, what makes five rows of it, what removes them, and how many are to be kept."""


@pytest.fixture(autouse=True)
def one_event_is_kept(settings, monkeypatch):
    settings.REALTIME = {"RETENTION": {"COUNT": 1}}
    monkeypatch.setattr("realtime.eventlog.retention._own", {})


@contextmanager
def removed_by_another_process(row):
    """Delete a row on a connection of its own, whose transaction fails in the end."""
    other = connection.copy()
    other.set_autocommit(False)
    delete = f"DELETE FROM {row._meta.db_table} WHERE {row._meta.pk.column} = %s"
    try:
        with other.cursor() as cursor:
            cursor.execute(delete, [row.pk])
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize(("model", "make", "remove", "kept"), REMOVALS.values(), ids=REMOVALS)
def test_a_row_that_another_process_removes_is_left_to_it(
    model, make, remove, kept, place, transactional_db
):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer")
    make()
    rows = list(model.objects.order_by("pk"))
    others, newest = rows[place], rows[5 - kept :]
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '3s'")
    with removed_by_another_process(others):
        remove("default")
        assert list(model.objects.order_by("pk")) == [others, *newest]
    remove("default")
    assert list(model.objects.order_by("pk")) == newest


def test_at_most_so_many_are_removed(db):
    used_tickets()
    with transaction.atomic():
        assert remove_unlocked(UsedTicket.objects.order_by("nonce"), 2) == 2
        assert [one.nonce for one in UsedTicket.objects.order_by("nonce")] == ["2", "3", "4"]
        assert remove_unlocked(UsedTicket.objects.filter(nonce__gt="2")) == 2
    assert UsedTicket.objects.get().nonce == "2"


@pytest.mark.processes
def test_all_of_this_on_postgresql(postgres_url):
    pass_all("-m", "not processes", __file__, DATABASE_URL=postgres_url)
