"""Async stream methods on PostgreSQL: old connections are closed, and broken ones replaced."""

import psycopg
import pytest

from realtime.concurrency.pool import THREADS
from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes


@pytest.fixture
def serve(site, postgres, postgres_url):
    def serve(conn_max_age):
        return site(
            "uvicorn",
            database_url=postgres_url,
            app="tests.end_to_end.async_database:application",
            env={
                "DJANGO_SETTINGS_MODULE": "tests.end_to_end.async_database_settings",
                "CONN_MAX_AGE": str(conn_max_age),
            },
        )

    yield serve
    if not postgres.alive:
        postgres.start()


@pytest.fixture
def connections(postgres_url):
    """Ask PostgreSQL how many connections there are to the site's database.

    The one that looks for overdue deadlines is kept, and does not count.
    """
    with psycopg.connect(postgres_url, autocommit=True) as observer:
        query = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND query NOT LIKE '%realtime_deadline%'
        """
        yield lambda: observer.execute(query).fetchone()[0]


async def ask(socket, frame):
    """Return the answer to a command, or the code of the error."""
    await socket.send({**frame, "ref": 1})
    while True:
        answer = await socket.frame()
        if answer.get("ref") == 1:
            return answer["type"] if answer["type"] != "error" else answer["code"]


async def tries(socket, frame, wanted):
    """Ask until the answer is the one that is wanted: each thread's connection may fail once."""
    for number in range(THREADS + 3):
        if await ask(socket, frame(number)) == wanted:
            return
    raise AssertionError(f"not {wanted} after {number} tries")


def subscribe(name):
    return lambda number: {"type": "subscribe", "stream": f"async.{name}-{number}"}


def add(stream, name):
    data = {"name": "add", "stream": f"async.{stream}"}
    return lambda number: {"type": "send", "data": f"{name}-{number}", **data}


async def test_a_connection_is_closed_soon_where_django_keeps_none(serve, connections):
    served = serve(conn_max_age=0)
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        assert await ask(socket, subscribe("a")(1)) == "subscribed"
        assert await ask(socket, add("a-1", "group")(1)) == "reply"
        await until(lambda: connections() == 0, 20, "none is left")


async def test_after_a_restart_of_the_database_all_goes_on(serve, postgres):
    served = serve(conn_max_age=600)
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        assert await ask(socket, subscribe("before")(1)) == "subscribed"
        steps = {"reply": add("before-1", "group"), "subscribed": subscribe("after")}
        for answer, step in steps.items():
            postgres.stop()
            postgres.start()
            await tries(socket, step, answer)
