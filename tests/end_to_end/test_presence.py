"""Who is there when processes are killed and stopped, on PostgreSQL and in Redis.

The lease is 3 s here, and the grace 4 s.
"""

import asyncio

import psycopg
import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.present.settings"}
LEASE, GRACE = 3.0, 4.0


@pytest.fixture
def deadly(tmp_path):
    """A file: if it is there when a user goes offline, the process whose receiver runs dies."""
    return tmp_path / "deadly"


@pytest.fixture(params=["database", "redis"])
def servers(request, site, redis_server, postgres_url, deadly):
    env = {**SETTINGS, "DEADLY": str(deadly)}
    if request.param == "redis":
        env["PRESENCE_URL"] = redis_server.url
    together = {"redis": redis_server, "database_url": postgres_url, "env": env}
    return site("uvicorn", **together), site("daphne", **together)


@pytest.fixture
def written(postgres_url):
    """Return what the receivers of the signals have written about a user, in order."""

    def written(user):
        with psycopg.connect(postgres_url) as connection:
            select = "SELECT name FROM auth_group WHERE name LIKE 'o%line %' ORDER BY id"
            rows = connection.execute(select).fetchall()
        parts = [name.split() for (name,) in rows]
        return [what for what, who, _ in parts if who == user]

    return written


async def follow(socket):
    """Follow the hall, and return the name of the user's own stream and who is there."""
    me = (await socket.frame("welcome"))["me"]
    await socket.send({"type": "subscribe", "ref": 1, "stream": "hall.1"})
    return me, [one["user"] for one in (await socket.frame("subscribed"))["presence"]]


async def changes(socket, timeout):  # noqa: ASYNC109
    """Return who comes or goes next, as an event says."""
    event = await socket.frame("event", timeout)
    assert event["name"] == "realtime.presence"
    return [(what, one["user"]) for what, ones in event["data"].items() for one in ones]


async def nothing_changes(socket, seconds):
    with pytest.raises(AssertionError, match="no event within"):
        await changes(socket, seconds)


async def test_who_is_there(servers, written):
    one, other = servers
    alice, bob = (one.login(name).cookie_header() for name in ("alice", "bob"))
    async with wire(other, cookies=bob) as bobs:
        bobs_stream, _ = await follow(bobs)
        assert await changes(bobs, 20) == [("join", bobs_stream)]
        async with wire(one, cookies=alice) as alices:
            me, here = await follow(alices)
            # The list is read after she has asked, so she may be on it already.
            assert [user for user in here if user != me] == [bobs_stream]
            assert await changes(bobs, 20) == [("join", me)]
            await until(lambda: written("alice") == ["online"], 20, "alice came online")
        # She comes back to the other server within the grace, and was never gone.
        async with wire(other, cookies=alice) as alices:
            await follow(alices)
            await nothing_changes(bobs, GRACE + 1)
        async with wire(one, cookies=alice) as alices:
            assert (await follow(alices))[1] == [bobs_stream, me]
            await asyncio.sleep(0.5)  # Until it is written where she is now.
            # Stopped for longer than the lease, but not than lease and grace together.
            one.freeze()
            await asyncio.sleep(LEASE + 0.3)
            one.thaw()
            await nothing_changes(bobs, GRACE + 0.5)
            # Stopped for so long that all others take her for gone.
            one.freeze()
            assert await changes(bobs, LEASE + GRACE + 20) == [("leave", me)]
            one.thaw()
            assert await changes(bobs, 20) == [("join", me)]
            await until(lambda: written("alice") == ["online", "offline", "online"], 20, "again")
            one.kill()
            assert await changes(bobs, LEASE + GRACE + 20) == [("leave", me)]
        await until(lambda: written("alice")[3:] == ["offline"], 20, "alice is offline")
        assert written("bob") == ["online"]


@pytest.mark.parametrize("servers", ["database"], indirect=True)
async def test_a_process_that_is_killed_in_a_receiver_leaves_its_work_to_another(
    servers, written, deadly
):
    one, other = servers
    alice, bob = (one.login(name).cookie_header() for name in ("alice", "bob"))
    async with wire(other, cookies=bob) as bobs:
        await follow(bobs)
        async with wire(one, cookies=alice) as alices:
            await follow(alices)
            await until(lambda: written("alice") == ["online"], 20, "alice came online")
            deadly.touch()
    await until(lambda: written("alice")[1:] == ["offline"], 40, "alice is offline")
    assert not deadly.exists()
    # The other one may have written it while this one was dying.
    await until(lambda: [one.alive, other.alive].count(False) == 1, 20, "one is dead")
    await asyncio.sleep(1)
    assert written("alice") == ["online", "offline"]
