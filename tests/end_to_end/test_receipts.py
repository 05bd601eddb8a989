"""Deadlines over several processes, of which some are killed: what is done is done once."""

import asyncio
import sqlite3
import time
from collections import Counter

import psycopg
import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.overdue_settings"}


@pytest.fixture
def deadly(tmp_path):
    """A file: if it is there when a function runs, its process dies in it."""
    return tmp_path / "deadly"


@pytest.fixture
def servers(request, site, redis_server, deadly):
    env = {**SETTINGS, "DEADLY": str(deadly)}
    if request.param == "redis log":
        env["LOG_URL"] = redis_server.url
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    one = site("uvicorn", redis=redis_server, env=env, database_url=url)
    return one, site("daphne", redis=redis_server, env=env, database_url=one.database_url)


def rows(site, query):
    if site.database_url.startswith("sqlite:///"):
        connection = sqlite3.connect(site.database_url.removeprefix("sqlite:///"))
    else:
        connection = psycopg.connect(site.database_url)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def calls(site):
    """Return how often the function was called, by the data of its event."""
    named = rows(site, "SELECT name FROM auth_group WHERE name LIKE 'e% % %'")
    return Counter(name.split()[0] for (name,) in named)


async def publish(site, *names, to="user.999", within=0.5, function="note"):
    """Publish from a process that ends immediately afterwards."""
    code = "\n".join(
        f"realtime.publish({to!r}, 'n', {name!r}, within={within},"
        f" otherwise='tests.end_to_end.overdue.{function}')"
        for name in names
    )
    await asyncio.to_thread(site.manage, "shell", "-c", f"import realtime\n{code}")


async def follow(socket):
    me = (await socket.frame("welcome"))["me"]
    await socket.send({"type": "subscribe", "ref": 1, "stream": "me"})
    await socket.frame("subscribed")
    return me


@pytest.mark.parametrize("servers", ["postgresql", "redis log"], indirect=True)
async def test_what_is_done_for_nobody(servers):
    one, other = servers
    cookies = one.login("alice").cookie_header()
    async with wire(one, cookies=cookies) as cut, wire(other, cookies=cookies) as desk:
        me = await follow(cut)
        await follow(desk)
        # One of the two sockets proves it, although the other one can't.
        cut.silent = True
        await publish(one, "e-received", to=me, within=20)
        assert (await cut.frame("event"))["data"] == "e-received"
        received = "SELECT count(*) FROM realtime_receipt"
        await until(lambda: rows(one, received)[0][0] == 1, 5, "the receipt is written")
    async with wire(one, cookies=cookies) as cut:
        await follow(cut)
        cut.silent = True
        await publish(one, "e-cut", to=me, within=1.5)
        assert (await cut.frame("event"))["data"] == "e-cut"  # It was handed out.
        one.kill()  # The hub that tried; the publisher has ended, too.
        began = time.monotonic()
        await until(lambda: calls(other)["e-cut"], 10, "the other process has called it")
        assert time.monotonic() - began < 5
    await asyncio.sleep(1)
    assert calls(other) == {"e-cut": 1}
    select = "SELECT was_received, data FROM realtime_deadline ORDER BY at"
    assert [(bool(row[0]), row[1]) for row in rows(other, select)] == [(True, ""), (False, "")]


@pytest.mark.parametrize("servers", ["postgresql", "sqlite"], indirect=True)
async def test_two_processes_share_what_is_to_be_done_until_one_is_killed_in_it(servers, deadly):
    one, other = servers
    names = [f"e{number}" for number in range(10)]
    await publish(one, *names, function="note_slowly")
    await until(lambda: len(calls(one)) == len(names), 20, "all are called")
    assert [one.alive, other.alive] == [True, True]
    deadly.touch()
    await publish(one, "e-deadly", function="note_slowly")
    await until(lambda: calls(one)["e-deadly"], 10, "one of them has called it")
    assert not deadly.exists()
    assert [one.alive, other.alive].count(False) == 1
    await asyncio.sleep(1)
    assert calls(one) == dict.fromkeys([*names, "e-deadly"], 1)
    assert not [line for line in one.log().splitlines() if " ERROR " in line]
