import asyncio
import functools
import threading

import pytest
from django.core.cache import caches
from django.db import connections
from django.db.backends.signals import connection_created

from realtime.concurrency.pool import SHARE, THREADS, Pool
from realtime.concurrency.threads import (
    nonblocking,
    run_application,
    run_check,
    run_hook,
    run_message,
    run_record,
    run_sign_in,
    run_sync,
)
from tests.processes.waiting import until

pytestmark = pytest.mark.real_time


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@decorated
async def refuse(number):
    return False


async def double(number):
    return 2 * number


async def test_async_and_sync_functions_and_what_looks_like_one():
    assert await run_sync(double, 2) == 4
    assert await run_sync(lambda number: 3 * number, 2) == 6
    assert await run_sync(refuse, 2) is False


KINDS = {
    "log": lambda user, function, *args: run_sync(function, *args),
    "record": lambda user, function, *args: run_record(function, *args),
    "sign-in": run_sign_in,
    "application": run_application,
    "hook": run_hook,
    "check": run_check,
    "message": lambda user, function, *args: run_message(user, 60, lambda: None, function, *args),
}


@pytest.mark.parametrize("slow", KINDS)
async def test_a_kind_of_work_that_is_slow_delays_no_other(slow, awake):
    sleeping = [asyncio.ensure_future(KINDS[slow](user, awake.wait, 30)) for user in range(8)]
    for kind in KINDS.keys() - {slow}:
        await asyncio.wait_for(KINDS[kind]("another", threading.get_ident), 10)
    assert not any(one.done() for one in sleeping)
    awake.set()
    assert all(await asyncio.gather(*sleeping))


@pytest.fixture
def awake():
    """What sleeps until a test sets it."""
    awake = threading.Event()
    yield awake
    awake.set()


def occupied(pool, awake, **users):
    """Have each user occupy that many threads, or as many as it gets; returns the futures."""
    return [pool.run(user, awake.wait, (30,)) for user, jobs in users.items() for _ in range(jobs)]


async def test_a_user_who_occupies_all_that_he_may_leaves_threads_to_others(awake):
    pool = Pool("test")
    sleeping = occupied(pool, awake, alice=20)
    for _ in range(5):
        await asyncio.wait_for(pool.run("bob", threading.get_ident, ()), 10)
    assert not any(one.done() for one in sleeping)
    awake.set()
    assert all(await asyncio.gather(*sleeping))


async def test_users_take_turns(awake):
    pool, order = Pool("test"), []
    sleeping = occupied(pool, awake, eve=SHARE, mallory=SHARE - 1)
    first = threading.Event()
    sleeping.append(pool.run("carol", first.wait, (30,)))  # The one thread that becomes free.
    jobs = [pool.run("alice", order.append, (f"alice {n}",)) for n in range(5)]
    jobs.append(pool.run("bob", order.append, ("bob",)))
    first.set()
    await asyncio.gather(*jobs)
    assert order == ["alice 0", "bob", "alice 1", "alice 2", "alice 3", "alice 4"]


async def test_what_is_given_up_while_it_runs_occupies_its_thread_until_it_ends(awake):
    pool = Pool("test")
    begun = []
    for number in range(SHARE):
        given_up = pool.run("alice", lambda: begun.append(1) or awake.wait(30), ())
        await until(lambda known=number: len(begun) > known, 10, "it has begun")
        given_up.cancel()
    another = pool.run("alice", threading.get_ident, ())
    await asyncio.wait_for(pool.run("bob", threading.get_ident, ()), 10)
    assert not another.done()
    awake.set()
    await asyncio.wait_for(another, 10)


async def test_what_could_not_begin_in_time_is_never_begun(awake):
    pool, begun = Pool("test"), []
    sleeping = occupied(pool, awake, alice=SHARE, bob=SHARE)
    late = pool.run("carol", begun.append, ("late",), begin_within=0.05)
    with pytest.raises(TimeoutError, match=r"No thread was free in time\."):
        await late
    awake.set()
    await asyncio.gather(*sleeping)
    await pool.run("carol", begun.append, ("next",))
    assert begun == ["next"]


async def test_what_has_begun_in_time_may_take_longer(awake):
    has_begun = threading.Event()
    slow = Pool("test").run(
        "alice", lambda: has_begun.set() or awake.wait(30), (), begin_within=0.05
    )
    assert has_begun.wait(10)  # The loop stands still, and so does its clock.
    await asyncio.sleep(0.1)
    assert not slow.done()
    awake.set()
    assert await slow is True


async def test_a_function_that_waits_for_nothing_is_called_nonblocking():
    class Stream:
        @nonblocking
        def authorize(self):
            return threading.get_ident()

    class Careful(Stream):
        def authorize(self):
            return super().authorize()

    class Decorated(Stream):
        authorize = decorated(Stream.authorize)

    assert await run_sync(Stream().authorize) == threading.get_ident()
    assert await run_sync(Careful().authorize) != threading.get_ident()
    assert await run_sync(Decorated().authorize) != threading.get_ident()


async def test_what_a_function_raises_reaches_its_caller_and_the_next_ones_are_served():
    results = await asyncio.gather(*(run_sync(int, text) for text in "1x2"), return_exceptions=True)
    assert results[::2] == [1, 2] and isinstance(results[1], ValueError)


async def test_an_iterator_that_is_empty_is_an_error_like_others():
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(run_sync(next, iter(())), 10)


async def test_without_threads_the_caller_gets_an_error_and_later_calls_are_served(monkeypatch):
    pool = Pool("test")

    def no_thread(*args):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    for _ in range(THREADS + 1):
        with pytest.raises(BlockingIOError, match="can't start"):
            pool.run("alice", int, ("1",))
    monkeypatch.undo()
    assert await asyncio.wait_for(pool.run("alice", int, ("2",)), 10) == 2


async def test_what_comes_when_all_threads_give_up_waiting_is_done_too(monkeypatch):
    has_come, wait, given_up = threading.Event(), threading.Condition.wait, []
    pool = Pool("test")

    def give_up(condition, timeout=None):
        if condition is not pool._changed or has_come.is_set():
            return wait(condition, timeout)  # Threads of other pools may still wait for more.
        given_up.append(condition)
        condition.release()
        has_come.wait(20)
        condition.acquire()
        return False

    monkeypatch.setattr(threading.Condition, "wait", give_up)
    await asyncio.gather(*(pool.run(user, int, ("1",)) for user in range(THREADS)))
    await until(lambda: len(given_up) == THREADS, 10, "all wait")
    job = pool.run("late", int, ("1",))
    has_come.set()
    assert await asyncio.wait_for(job, 10) == 1


async def test_what_nobody_waits_for_any_more_is_not_begun():
    awake, begun = threading.Event(), []
    sleeping = [asyncio.ensure_future(run_sync(awake.wait, 30)) for _ in range(THREADS)]
    late = asyncio.ensure_future(run_sync(begun.append, "late"))
    await asyncio.sleep(0)
    late.cancel()
    awake.set()
    await asyncio.gather(*sleeping)
    assert await run_sync(len, begun) == 0


@pytest.fixture
def opened(monkeypatch, tmp_path, django_db_blocker):
    """The connections that are opened to a database of its own, in a file, by alias ``burst``."""
    opened = []
    own = {**connections.settings["default"], "NAME": str(tmp_path / "db"), "CONN_MAX_AGE": 0}
    monkeypatch.setitem(connections.settings, "burst", own)

    def count(connection, **kwargs):
        if connection.alias == "burst":
            opened.append(connection)

    connection_created.connect(count)
    with django_db_blocker.unblock():
        yield opened
    connection_created.disconnect(count)


def ask():
    with connections["burst"].cursor() as cursor:
        cursor.execute("SELECT 1")


async def burst(*functions):
    """Have all of them wait at the same time."""
    awake = threading.Event()
    sleeping = [asyncio.ensure_future(run_sync(awake.wait, 30)) for _ in range(THREADS)]
    asked = [asyncio.ensure_future(run_sync(function)) for function in functions]
    await asyncio.sleep(0)
    awake.set()
    return await asyncio.gather(*sleeping, *asked, return_exceptions=True)


async def test_a_burst_shares_connections_which_end_with_it(opened):
    await burst(*[ask] * 50)
    assert 1 <= len(opened) <= THREADS
    await until(lambda: all(one.connection is None for one in opened), 10, "all are closed")
    before = len(opened)
    await run_sync(ask)
    assert len(opened) == before + 1


async def test_after_a_failure_a_connection_is_checked_before_it_is_used_again(opened):
    def spoil():
        ask()
        connections["burst"].connection.close()  # As a database that restarts does.
        ask()

    results = await burst(*[spoil] * THREADS, *[ask] * 50)
    assert len([result for result in results if isinstance(result, Exception)]) == THREADS


@pytest.mark.parametrize("kind", ["sync", "async", "nonblocking"])
async def test_a_message_begins_only_where_it_may(kind):
    calls = []

    async def act():
        calls.append("begun")

    function = {
        "sync": lambda: calls.append("begun"),
        "async": act,
        "nonblocking": nonblocking(lambda: calls.append("begun")),
    }[kind]

    def forbid():
        raise PermissionError

    with pytest.raises(PermissionError):
        await run_message("user.1", 60, forbid, function)
    assert calls == []
    await run_message("user.1", 60, lambda: calls.append("may"), function)
    assert calls == ["may", "begun"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_thread_keeps_its_clients_of_caches(kind, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    kept = [await KINDS[kind]("alice", lambda: caches["default"]) for _ in range(20)]
    assert len({id(client) for client in kept}) <= THREADS
