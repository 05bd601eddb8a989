"""Who comes with a session at one moment is found in two queries, by a right of their own."""

import asyncio

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from realtime.access.login import Login
from realtime.access.session_logins import (
    Found,
    Otherwise,
    SessionLogins,
    are_read_together,
    find,
)
from realtime.concurrency.joined_reads import BATCH_SIZE

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
OWN = "tests.realtime.access.test_session_logins.OwnBackend"


class OwnBackend(ModelBackend):
    def get_user(self, user_id):
        raise AssertionError("asked among others")


def opened_session(user, backend=MODEL_BACKEND):
    client = Client()
    client.force_login(user, backend)
    return client.session.session_key


@pytest.fixture
def users(db):
    return [get_user_model().objects.create_user(f"user{n}", password="x") for n in range(3)]


def test_all_are_found_in_two_queries(users):
    keys = {opened_session(user): user for user in users}
    with CaptureQueriesContext(connection) as queries:
        found = find([*keys, "made-up", "x" * 5000])
    assert len(queries) == 2
    assert {key: found[key].user for key in keys} == keys
    assert found["made-up"] is found["x" * 5000] is Otherwise.NOBODYS


def test_a_session_of_nobody_costs_no_query_for_users(db):
    visitor = SessionStore()
    visitor["basket"] = 1
    visitor.save()
    with CaptureQueriesContext(connection) as queries:
        assert find([visitor.session_key]) == {visitor.session_key: Otherwise.NOBODYS}
    assert len(queries) == 1


def test_who_may_not_sign_in_any_more_is_nobody(users):
    inactive, changed, deleted = users
    keys = [opened_session(user) for user in users]
    get_user_model().objects.filter(pk=inactive.pk).update(is_active=False)
    changed.set_password("y")
    changed.save()
    deleted.delete()
    assert set(find(keys).values()) == {Otherwise.NOBODYS}


def test_a_backend_of_the_projects_own_is_asked_for_each_alone(users, settings):
    settings.AUTHENTICATION_BACKENDS = [OWN, MODEL_BACKEND]
    own, plain = opened_session(users[0], OWN), opened_session(users[1])
    found = find([own, plain])
    assert found[own] is Otherwise.ASK_ALONE and found[plain].user == users[1]


def test_the_fault_of_one_user_is_not_felt_by_others(users, monkeypatch):
    keys = [opened_session(user) for user in users]

    def may_sign_in(self, user):
        if user == users[0]:
            raise RuntimeError("a fault")
        return True

    monkeypatch.setattr(f"{MODEL_BACKEND}.user_can_authenticate", may_sign_in)
    found = find(keys)
    assert isinstance(found[keys[0]], RuntimeError)
    assert [found[key].user for key in keys[1:]] == users[1:]


@pytest.mark.parametrize(
    ("engine", "together"),
    [("db", True), ("cached_db", False), ("cache", False), ("signed_cookies", False)],
)
def test_only_the_table_of_sessions_is_read_so(settings, engine, together):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    assert are_read_together() is together


class Reads:
    """Reads that end when a test says so."""

    def __init__(self):
        self.begun = []
        self.go_on = asyncio.Event()

    async def __call__(self, keys):
        self.begun.append(list(keys))
        await self.go_on.wait()
        return {key: Found(f"user of {key}", MODEL_BACKEND) for key in keys}


async def test_who_comes_during_a_read_waits_for_the_next_one(monkeypatch):
    monkeypatch.setattr("realtime.access.session_logins.Login", lambda user, *_, **__: user)
    reads = Reads()
    logins = SessionLogins(reads)
    first = asyncio.create_task(logins.login("a"))
    await turns()
    others = [asyncio.create_task(logins.login(key)) for key in ("b", "c", "b")]
    await turns()
    assert reads.begun == [["a"]]
    reads.go_on.set()
    assert await asyncio.gather(first, *others) == [f"user of {key}" for key in "abcb"]
    assert reads.begun == [["a"], ["b", "c"]]


async def test_a_read_that_hangs_holds_up_the_next_one_for_a_moment_only(monkeypatch):
    monkeypatch.setattr("realtime.access.session_logins.PATIENCE", 0)
    monkeypatch.setattr("realtime.access.session_logins.Login", lambda user, *_, **__: user)
    reads = Reads()
    logins = SessionLogins(reads)
    hanging = [asyncio.create_task(logins.login(str(n))) for n in range(BATCH_SIZE + 1)]
    await turns(20)
    assert [len(keys) for keys in reads.begun] == [BATCH_SIZE, 1]
    reads.go_on.set()
    assert len(await asyncio.gather(*hanging)) == BATCH_SIZE + 1


async def test_what_the_stores_raise_reaches_each(monkeypatch):
    async def away(keys):
        raise ConnectionError("away")

    logins = SessionLogins(away)
    outcomes = await asyncio.gather(*map(logins.login, "ab"), return_exceptions=True)
    assert [repr(one) for one in outcomes] == ["ConnectionError('away')"] * 2


async def test_two_sockets_of_one_session_have_logins_of_their_own():
    user = get_user_model()(pk=7, username="alice")

    async def read(keys):
        return {key: Found(user, MODEL_BACKEND) for key in keys}

    logins = SessionLogins(read)
    one, other = await asyncio.gather(logins.login("a"), logins.login("a"))
    assert isinstance(one, Login) and one is not other and one.is_same(other)
    assert one.is_fresh(asyncio.get_running_loop().time())


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)
