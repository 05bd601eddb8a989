"""Database connections of async code: which are closed, when, and whom that keeps waiting."""

import asyncio
import gc
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import Error, connections, transaction

from realtime.concurrency.connections import close_unusable, run_async
from tests.processes.waiting import until


@pytest.fixture(autouse=True)
def database_of_its_own(monkeypatch, tmp_path, django_db_blocker):
    """In a file, by the alias ``own``; Django keeps no connection to it."""
    own = {**connections.settings["default"], "NAME": str(tmp_path / "db"), "CONN_MAX_AGE": 0}
    own |= {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}}
    monkeypatch.setitem(connections.settings, "own", own)
    with django_db_blocker.unblock():
        yield


def ask():
    with connections["own"].cursor() as cursor:
        cursor.execute("SELECT 1")
    return connections["own"]


def spoil():
    """Do what a database does that restarts; SQLite would call any connection usable."""
    connection = ask()
    broken = connection.connection
    broken.close()
    connection.is_usable = lambda: connection.connection is not broken
    ask()


@sync_to_async
def ask_from_async_code():
    return ask()


@sync_to_async
def spoil_from_async_code():
    spoil()


async def test_a_connection_is_shared_and_closed_when_all_have_ended():
    used = {await run_async(ask_from_async_code()) for _ in range(10)}
    (connection,) = used
    await until(lambda: connection.connection is None, 10, "it is closed")
    await run_async(ask_from_async_code())
    await until(lambda: connection.connection is None, 10, "it is closed again")


async def test_it_is_not_closed_while_other_code_runs(monkeypatch):
    monkeypatch.setattr("realtime.concurrency.connections.KEEP", 0)
    monkeypatch.setattr("realtime.concurrency.connections.LINGER", 0)
    awake = asyncio.Event()
    longest = asyncio.ensure_future(run_async(awake.wait()))
    await asyncio.sleep(0)
    connection = await run_async(ask_from_async_code())
    one = connection.connection
    for _ in range(5):
        assert await run_async(ask_from_async_code()) is connection
    assert connection.connection is one
    awake.set()
    await longest
    await until(lambda: connection.connection is None, 10, "it is closed at last")


async def test_code_that_is_cancelled_before_it_begins_is_no_warning(recwarn):
    ended = asyncio.ensure_future(run_async(ask_from_async_code()))
    await asyncio.sleep(0)
    ended.cancel()
    await asyncio.wait([ended])
    assert ended.cancelled()
    del ended
    gc.collect()
    assert [str(one.message) for one in recwarn if "never awaited" in str(one.message)] == []


async def test_a_connection_that_cannot_be_closed_is_one_line_of_the_log(caplog):
    connection = await run_async(ask_from_async_code())
    connection.close_if_unusable_or_obsolete = refuse
    assert connection.connection is not None
    await until(
        lambda: "connections not closed error=RuntimeError" in caplog.text, 10, "it is said"
    )
    assert "Traceback" not in caplog.text
    del connection.close_if_unusable_or_obsolete
    await sync_to_async(connection.close)()


def refuse():
    raise RuntimeError("Not now.")


async def test_the_next_call_after_an_error_has_a_connection_that_works():
    for _ in range(3):
        with pytest.raises(Error):
            await run_async(spoil_from_async_code())
        await run_async(ask_from_async_code())


async def test_code_that_asks_no_database_waits_for_no_thread():
    awake = threading.Event()
    busy = asyncio.ensure_future(sync_to_async(awake.wait)(5))
    await asyncio.wait_for(run_async(asyncio.sleep(0)), 10)
    with pytest.raises(Error):
        await asyncio.wait_for(run_async(fail_as_a_database_does()), 10)
    assert not busy.done()
    awake.set()
    await busy


async def fail_as_a_database_does():
    raise Error


async def test_a_transaction_is_left_to_its_owner():
    atomic = transaction.atomic("own")
    await sync_to_async(atomic.__enter__)()
    connection = await run_async(ask_from_async_code())
    one = connection.connection
    with pytest.raises(Error):
        await run_async(fail_as_a_database_does())
    assert await run_async(ask_from_async_code()) is connection and connection.connection is one
    await sync_to_async(atomic.__exit__)(None, None, None)
    await until(lambda: connection.connection is None, 10, "it is closed after the transaction")


def test_sync_code_has_a_connection_replaced_that_is_broken_and_keeps_one_that_works():
    connection = ask()
    with pytest.raises(Error), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column")
    one = connection.connection
    close_unusable(connection)
    assert connection.connection is one
    with pytest.raises(Error):
        spoil()
    close_unusable(connection)
    ask()
    connection.close()
