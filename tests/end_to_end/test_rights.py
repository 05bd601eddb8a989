"""A socket ends when the right to it ends: in every process, whichever way, with its code."""

import asyncio
import contextlib
import sqlite3
import time
from statistics import median

import pytest
import requests

from tests.processes.wire import wire

pytestmark = pytest.mark.processes

ENV = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.rights_settings"}
NEVER = {"RECHECK": "3600"}
ENGINES = ["db", "cached_db", "cache", "file", "signed_cookies"]

IMMEDIATELY = 1.0
"""Seconds within which a signal has ended a socket; on a busy machine it is most of them."""

CODES = {
    "logout": 4504,
    "password": 4504,
    "deactivated": 4504,
    "deleted": 4504,
    "flushed": 4504,
    "session": 4504,
    "disconnect": 4506,
    "for now": 4406,
}
AGE = 6
"""Seconds until a session expires."""
HARMLESS = ["rolled back", "harmless"]


class User:
    """Somebody who has logged in to a site."""

    def __init__(self, site, name):
        self.name = name
        self._site = site
        self._session = requests.Session()
        self._post(f"enter/{name}/")

    @property
    def cookie(self):
        return f"sessionid={self.session_key}"

    @property
    def session_key(self):
        return self._session.cookies["sessionid"]

    async def end(self, way):
        """End the user's right on the site; return when that was done."""
        await asyncio.to_thread(self._post, f"end/{way}/")
        return time.monotonic()

    def _post(self, path):
        answer = self._session.post(f"{self._site.url}/{path}", timeout=10)
        answer.raise_for_status()


async def opened(stack, user, *sites):
    """Open a socket of a user on each site."""
    sockets = []
    for site in sites:
        socket = await stack.enter_async_context(wire(site, cookies=user.cookie))
        await socket.frame("welcome")
        sockets.append(socket)
    return sockets


async def still_open(socket):
    await socket.send({"type": "ping", "nonce": "there?"})
    return (await socket.frame("pong"))["nonce"] == "there?"


async def test_each_way_ends_the_sockets_of_every_process_within_a_second(
    site, redis_server, postgres_url
):
    shared = {"redis": redis_server, "database_url": postgres_url, "env": {**ENV, **NEVER}}
    sites = [site("uvicorn", **shared), site("daphne", **shared)]
    bystander = User(sites[0], "bystander")
    async with contextlib.AsyncExitStack() as stack:
        others, took = await opened(stack, bystander, *sites), []
        for way, code in CODES.items():
            user = User(sites[0], way)
            sockets = await opened(stack, user, *sites)
            done = await user.end(way)
            byes = [await socket.frame("bye") for socket in sockets]
            assert [await socket.closed() for socket in sockets] == [code, code], way
            took.append(time.monotonic() - done)
            assert [bye["code"] for bye in byes] == [code, code]
            if way == "disconnect":
                assert byes[0]["reason"] == "Closing time."
        assert median(took) < IMMEDIATELY
        for way in HARMLESS:
            user = User(sites[0], way)
            others += await opened(stack, user, *sites)
            await user.end(way)
        await asyncio.sleep(IMMEDIATELY)
        assert all([await still_open(socket) for socket in others])


BY_SQL = {
    "deactivated": "UPDATE auth_user SET is_active = false WHERE username = 'deactivated'",
    "password": "UPDATE auth_user SET password = 'another' WHERE username = 'password'",
    "deleted": "DELETE FROM auth_user WHERE username = 'deleted'",
    "session": "DELETE FROM django_session WHERE session_key = '{session}'",
    "expired": "UPDATE django_session SET expire_date = datetime('now')"
    " WHERE session_key = '{session}'",
}


async def test_what_no_signal_says_is_found_by_the_next_check(site):
    served = site("uvicorn", env={**ENV, "RECHECK": "1"})
    file = served.database_url.removeprefix("sqlite:///")
    async with contextlib.AsyncExitStack() as stack:
        [other] = await opened(stack, await asyncio.to_thread(User, served, "other"), served)
        for way, sql in BY_SQL.items():
            user = await asyncio.to_thread(User, served, way)
            [socket] = await opened(stack, user, served)
            with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
                database.execute(sql.format(session=user.session_key))
            assert await socket.closed() == 4504, way
        assert await still_open(other)


async def test_every_session_engine_ends_sockets_at_a_logout_and_at_an_expiry(site, tmp_path):
    async def check(engine):
        env = {**ENV, "RECHECK": "1", "ENGINE": engine, "AGE": str(AGE)}
        served = await asyncio.to_thread(site, "uvicorn", env=env)
        user = await asyncio.to_thread(User, served, "alice")
        async with contextlib.AsyncExitStack() as stack:
            [socket] = await opened(stack, user, served)
            done = await user.end("logout")
            assert await socket.closed() == 4504, engine
            took = time.monotonic() - done
            began = time.monotonic()
            user = await asyncio.to_thread(User, served, "alice")
            [socket] = await opened(stack, user, served)
            assert await socket.closed() == 4504, engine
            assert time.monotonic() - began > AGE - 1, engine
        assert "Traceback" not in served.log()
        return took

    assert median(await asyncio.gather(*(check(engine) for engine in ENGINES))) < IMMEDIATELY
