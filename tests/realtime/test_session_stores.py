"""A socket whose user can't be found out: for now, and it comes back; or for good, and it doesn't.

The clients of the stores are real; what is away is a closed port.
"""

import threading
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends import db, file
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.contrib.sessions.models import Session
from django.db import connections
from django.db.backends.base.base import NO_DB_ALIAS

from realtime.consumers import RealtimeConsumer
from realtime.testing import RealtimeCommunicator

pytestmark = pytest.mark.django_db(transaction=True)

application = RealtimeConsumer.as_asgi()

SESSION = "sessionid=0123456789abcdefghij"

SIGNED_IN, AWAY, LATE, FAULT, VISITOR = "welcome", 4412, 4414, 4500, 4501


async def outcome(cookie=SESSION):
    """Return the close code of a socket with this cookie, or "welcome"."""
    async with RealtimeCommunicator(application, headers={"cookie": cookie}, timeout=5) as socket:
        return SIGNED_IN if socket.welcome else await socket.closed(timeout=5)


AWAY_ALIAS = NO_DB_ALIAS
"""The one alias besides those of a test's databases to which Django's test case lets threads."""


class Router:
    """Sends the models of some apps to a database that is away."""

    def __init__(self, *apps):
        self.apps = apps

    def db_for_read(self, model, **hints):
        return AWAY_ALIAS if model._meta.app_label in self.apps else None


@pytest.fixture
def database_away(monkeypatch, settings):
    """Makes the models of some apps live in a database that is away."""
    closed_port = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": 1}
    away = {**connections.settings["default"], **closed_port, "OPTIONS": {}}
    monkeypatch.setitem(connections.settings, AWAY_ALIAS, away)

    def lead(*apps):
        settings.DATABASE_ROUTERS = [Router(*apps)]

    return lead


@pytest.fixture
def redis_away(settings):
    closed_port = "redis://127.0.0.1:1"
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": closed_port}}


@pytest.fixture
def engine(settings):
    def choose(name):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{name}"

    return choose


@pytest.fixture
def alice(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return get_user_model().objects.create_user("alice", password="demo")


# The database


async def test_db_a_session_that_is_not_there_is_a_visitors(engine):
    engine("db")
    assert await outcome() == VISITOR


async def test_db_away(engine, database_away):
    engine("db")
    database_away("sessions")
    assert await outcome() == AWAY


async def test_db_without_its_table(engine, monkeypatch):
    engine("db")
    monkeypatch.setattr(Session._meta, "db_table", "missing")
    assert await outcome() == FAULT


async def test_db_that_takes_longer_than_the_timeout(settings, monkeypatch):
    settings.REALTIME = {**settings.REALTIME, "SIGN_IN_TIMEOUT": 0.05}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    read = "realtime.access.session_logins.read_sessions"
    goes_on = threading.Event()
    monkeypatch.setattr(read, lambda keys: goes_on.wait(10) and {})
    assert await outcome() == LATE
    goes_on.set()


# A cache


@pytest.mark.parametrize("name", ["cache", "cached_db"])
async def test_cache_a_session_that_is_not_there_is_a_visitors(engine, name):
    engine(name)
    assert await outcome() == VISITOR


async def test_cache_a_cookie_that_can_not_be_a_key_is_a_visitors(engine, settings):
    settings.CACHES = {"default": {"BACKEND": "tests.realtime.strict_cache.StrictCache"}}
    engine("cache")
    assert await outcome("sessionid=" + "x" * 400) == VISITOR


async def test_cache_away(engine, redis_away):
    engine("cache")
    assert await outcome() == AWAY


async def test_cache_away_and_nobody_asks_for_a_session(engine, redis_away):
    engine("cache")
    assert await outcome(cookie="") == VISITOR


async def test_cache_away_behind_a_middleware_that_found_nobody(engine, redis_away):
    engine("cache")
    nobody = SimpleNamespace(is_authenticated=False)
    headers = {"cookie": SESSION}
    async with RealtimeCommunicator(application, user=nobody, headers=headers) as socket:
        assert await socket.closed(timeout=5) == AWAY


async def test_cache_of_a_backend_that_does_not_exist(engine, settings):
    settings.CACHES = {"default": {"BACKEND": "no.such.Cache"}}
    engine("cache")
    assert await outcome() == FAULT


@pytest.mark.parametrize("apps", [[], ["sessions"]])
async def test_cached_db_away(engine, database_away, redis_away, alice, apps):
    engine("cached_db")
    session = db.SessionStore()
    session[SESSION_KEY] = str(alice.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    await session.asave()
    database_away(*apps)
    assert await outcome(f"sessionid={session.session_key}") == AWAY


# Files


@pytest.fixture
def directory(settings, tmp_path, monkeypatch):
    settings.SESSION_FILE_PATH = str(tmp_path / "sessions")
    monkeypatch.delattr(file.SessionStore, "_storage_path", raising=False)
    yield tmp_path / "sessions"
    monkeypatch.delattr(file.SessionStore, "_storage_path", raising=False)


async def test_file_a_session_that_is_not_there_is_a_visitors(engine, directory):
    directory.mkdir()
    engine("file")
    assert await outcome() == VISITOR
    assert await outcome("sessionid=../../../../etc/passwd") == VISITOR


async def test_file_without_its_directory(engine, directory):
    engine("file")
    assert await outcome() == FAULT


async def test_file_whose_directory_is_none_any_more(engine, directory):
    directory.mkdir()
    engine("file")
    assert await outcome() == VISITOR
    directory.rmdir()
    directory.write_text("a file")
    assert await outcome() == FAULT


# Signed cookies, which need no store


def signed(alice):
    session = SignedCookies()
    session[SESSION_KEY] = str(alice.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = alice.get_session_auth_hash()
    session.save()
    return f"{django_settings.SESSION_COOKIE_NAME}={session.session_key}"


async def test_signed_cookies(engine, alice, database_away):
    engine("signed_cookies")
    assert await outcome() == VISITOR
    cookie = signed(alice)
    assert await outcome(cookie) == SIGNED_IN
    database_away("auth")
    assert await outcome(cookie) == AWAY


# An engine that isn't there


async def test_no_engine(settings):
    settings.SESSION_ENGINE = "no.such.engine"
    assert await outcome() == FAULT
