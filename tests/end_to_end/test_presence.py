"""Who is there when processes are killed and stopped, on PostgreSQL and in Redis.

The lease is 2 s here, and the grace 1.5 s.
"""

import asyncio
import contextlib
import time

import psycopg
import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.present.settings"}
LEASE, GRACE = 2.0, 1.5


@pytest.fixture(params=["database", "redis"])
def servers(request, site, redis_server, postgres_url):
    env = (
        SETTINGS if request.param == "database" else {**SETTINGS, "PRESENCE_URL": redis_server.url}
    )
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
    """Follow the hall and return who is there."""
    await socket.frame("welcome")
    await socket.send({"type": "subscribe", "ref": 1, "stream": "hall.1"})
    return (await socket.frame("subscribed"))["presence"]


async def changes(socket, seconds):
    """Return who came and went during some seconds."""
    found, until_then = [], time.monotonic() + seconds
    with contextlib.suppress(AssertionError):
        while (left := until_then - time.monotonic()) > 0:
            event = await socket.frame("event", timeout=left)
            assert event["name"] == "realtime.presence"
            found += [(what, one["user"]) for what, ones in event["data"].items() for one in ones]
    return found


async def test_who_is_there(servers, written):
    one, other = servers
    alice, bob = (one.login(name).cookie_header() for name in ("alice", "bob"))
    async with wire(other, cookies=bob) as bobs:
        await follow(bobs)
        async with wire(one, cookies=alice) as alices:
            me = (await alices.frame("welcome"))["me"]
            await alices.send({"type": "subscribe", "ref": 1, "stream": "hall.1"})
            assert ("join", me) in await changes(bobs, 1.5)
            await until(lambda: written("alice") == ["online"], 2, "alice came online")
        # She comes back to the other server within the grace, and was never gone.
        async with wire(other, cookies=alice) as alices:
            await follow(alices)
            assert await changes(bobs, GRACE + 1.5) == []
        async with wire(one, cookies=alice) as alices:
            assert {entry["user"] for entry in await follow(alices)} >= {me}
            await asyncio.sleep(0.5)  # Until it is written where she is now.
            # Stopped for longer than the lease, but not than lease and grace together.
            one.freeze()
            await asyncio.sleep(LEASE + 0.3)
            one.thaw()
            assert await changes(bobs, 2.0) == []
            assert written("alice") == ["online"]
            # Stopped for so long that all others take her for gone.
            one.freeze()
            gone = await changes(bobs, LEASE + GRACE + 1.5)
            assert gone == [("leave", me)]
            one.thaw()
            assert await changes(bobs, 1.5) == [("join", me)]
            await until(lambda: written("alice") == ["online", "offline", "online"], 2, "again")
            one.kill()
            assert await changes(bobs, LEASE + GRACE + 1.5) == [("leave", me)]
        assert written("alice") == ["online", "offline", "online", "offline"]
        assert written("bob") == ["online"]
