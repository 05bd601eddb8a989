"""A key makes a retry harmless."""

import threading
from contextlib import suppress

import pytest
from django.db import OperationalError, connection, transaction

from realtime.eventlog.database.log import DatabaseEventLog
from tests.realtime.eventlog.contract import Broadcast, draft, names, page, publish


def test_a_key_given_twice_is_the_first_event(log):
    (first,) = publish(log, "user.1", key="call.7.1", name="first")
    assert publish(log, "user.1", key="call.7.1", name="again") == []
    publish(log, "user.1", key="call.7.2", name="second")
    assert names(log, "user.1") == ["first", "second"]
    assert page(log, "user.1").events[0] == first


def test_a_key_is_of_one_stream(log):
    publish(log, "user.1", key="call.7.1", name="first")
    publish(log, "user.1", "user.2", key="call.7.1", name="elsewhere")
    assert (names(log, "user.1"), names(log, "user.2")) == (["first"], ["elsewhere"])


@pytest.mark.parametrize("key", ["a:b", "*", "ü", "[x]", "'\"%s", "a b", "k" * 200])
def test_a_key_is_any_text(log, key):
    publish(log, "user.1", key="k", name="other")
    publish(log, "user.1", key=key, name="first")
    publish(log, "user.1", key=key, name="again")
    assert names(log, "user.1") == ["other", "first"]


def test_events_without_a_key_are_never_taken_for_each_other(log):
    for name in ("one", "two"):
        publish(log, "user.1", name=name)
    assert names(log, "user.1") == ["one", "two"]


def test_a_key_twice_in_one_transaction_is_one_event(log):
    broadcast = Broadcast()
    with transaction.atomic():
        log.append(["user.1"], draft(name="first", key="k"), broadcast)
        log.append(["user.1"], draft(name="again", key="k"), broadcast)
    assert names(log, "user.1") == [event.name for event in broadcast] == ["first"]


def test_a_key_that_was_rolled_back_is_free(log):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(["user.1"], draft(name="never", key="k"), Broadcast())
        raise ZeroDivisionError
    publish(log, "user.1", key="k", name="retried")
    assert names(log, "user.1") == ["retried"]


def test_a_key_is_known_for_as_long_as_its_event_is_kept(log, keep, pass_time):
    keep(COUNT=2, AGE=3600)
    for key in ("a", "b", "c"):
        publish(log, "user.1", key=key, name=key)
    pass_time(3000)
    log.prune()
    for key in ("b", "c"):
        assert publish(log, "user.1", key=key, name="again") == []
    assert names(log, "user.1") == ["b", "c"]


def test_a_key_that_many_give_together_is_one_event(log):
    if isinstance(log, DatabaseEventLog) and connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one writer")
    broadcast, failed = Broadcast(), []

    def write():
        try:
            log.append(["user.1", "user.2"], draft(key="k"), broadcast)
        except Exception as error:
            failed.append(error)
        connection.close()

    for _ in range(5):
        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    assert sorted(event.stream for event in broadcast) == ["user.1", "user.2"]


def test_a_key_that_another_transaction_has_just_published_is_no_second_event(log):
    """Under REPEATABLE READ that is an error, after which the transaction has to be run again."""
    if isinstance(log, DatabaseEventLog) and connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer")

    def write(name):
        log.append(["user.1"], draft(key="k", name=name), Broadcast())
        if threading.current_thread() is not threading.main_thread():
            connection.close()

    def transfer():
        with transaction.atomic():
            log.positions(["user.1"])  # The snapshot is from before the other's commit.
            other = threading.Thread(target=write, args=("theirs",))
            other.start()
            other.join()
            write("ours")

    log.positions(["user.1"])
    with suppress(OperationalError):
        transfer()
    transfer()
    assert names(log, "user.1") == ["theirs"]
