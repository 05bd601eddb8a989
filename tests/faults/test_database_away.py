"""The database away: the publisher gets a clear error, nothing is half done, and all goes on."""

import asyncio

import psycopg
import pytest

from tests.faults.commanded import commanded
from tests.faults.committed import read_rows
from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

DELIVERED_WITHIN = 2 + 15  # seconds: POSITION_CHECK, and a busy machine


@pytest.fixture
def database(postgres):
    """The server; it is there again for the tests that follow."""
    yield postgres
    if not postgres.alive:
        postgres.start()


async def test_publishers_get_an_error_and_nothing_is_half_done(worker, database, postgres_url):
    served = worker("uvicorn")
    async with commanded(served) as publisher, commanded(served) as midway:
        assert await midway.do("begin") == "done"
        assert await midway.do("write", "midway") == "done"
        assert await midway.do("publish", "room.1", "midway") == "done"
        assert await publisher.do("write", "before") == "done"
        database.stop()
        assert await midway.do("commit") == "OperationalError"
        assert await publisher.do("publish", "room.1", "away") == "OperationalError"
        database.start()
        assert await midway.do("reconnect") == "done"
        for one in (publisher, midway):
            assert await one.do("publish", "room.1", "back") == "done"
    assert [(row.token, row.offset) for row in read_rows(postgres_url)] == [
        ("back", 1),
        ("back", 2),
    ]
    with psycopg.connect(postgres_url) as connection:
        assert not connection.execute("SELECT 1 FROM auth_group WHERE name = 'midway'").fetchall()


async def test_a_server_stays_up_says_so_once_and_goes_on(worker, database):
    served = worker("daphne")
    cookies = served.login("alice").cookie_header()
    async with wire(served, cookies=cookies) as socket:
        await subscribe(socket)
        database.stop()
        await until(lambda: "event log down" in served.log(), DELIVERED_WITHIN, "it says so")
        answered = socket.answered
        await asyncio.sleep(5)  # Longer than the heartbeat allows.
        assert socket.answered > answered
        assert "Traceback" not in served.log()
        await subscribes_in_vain(socket)
        await connects_in_vain(served, cookies)
        database.start()
        async with commanded(served) as publisher:
            assert await publisher.do("publish", "room.1,room.2", "back") == "done"
        assert (await socket.frame("event", timeout=DELIVERED_WITHIN))["data"] == "back"
        assert (await subscribe(socket, "room.2"))["offset"] == 1
        async with wire(served, cookies=cookies) as another:
            assert (await subscribe(another))["offset"] == 1
        await until(lambda: "event log up again" in served.log(), DELIVERED_WITHIN, "it says so")
    for said in ("event log down", "event log up again"):
        assert served.log().count(said) == 1
    assert "code=4408" not in served.log()


async def subscribe(socket, stream="room.1"):
    await socket.send({"type": "subscribe", "ref": 1, "stream": stream})
    return await socket.frame("subscribed")


async def subscribes_in_vain(socket):
    """Follow what cannot be read now: the client gets an error, and may ask again."""
    await socket.send({"type": "subscribe", "ref": 2, "stream": "room.2"})
    error = await socket.frame("error")
    assert (error["ref"], error["code"]) == (2, "internal")


async def connects_in_vain(served, cookies):
    """Connect while nobody can be authenticated: the client is sent away, to come back."""
    async with wire(served, cookies=cookies) as socket:
        bye = await socket.frame("bye")
        assert bye["retry"], bye
        assert 4400 <= (await socket.closed()) < 4500
