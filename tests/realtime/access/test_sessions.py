"""Sessions of each of Django's engines, many of them together, and when each is over."""

import uuid
from importlib import import_module

import pytest
from django.contrib.sessions.backends import db as db_backend
from django.contrib.sessions.backends import file as file_backend
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.contrib.sessions.models import Session

from realtime.access.session_cache import ProbedCache
from realtime.access.sessions import (
    is_in_table,
    is_read_together,
    read_sessions,
    session_store,
)

ENGINES = ["db", "cached_db", "cache", "file", "signed_cookies"]
KEPT = ["db", "cached_db", "cache", "file"]
"""Those in which a server can end a session."""

pytestmark = pytest.mark.django_db


@pytest.fixture
def engine(settings, tmp_path, monkeypatch):
    """Choose the engine of a test; its stores are empty."""
    settings.SESSION_FILE_PATH = str(tmp_path)
    monkeypatch.setattr(file_backend.SessionStore, "_storage_path", str(tmp_path), raising=False)
    monkeypatch.setattr("realtime.access.session_cache._probed_cache", ProbedCache())
    memory = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": memory, "LOCATION": uuid.uuid4().hex}}

    def choose(name):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{name}"
        return import_module(settings.SESSION_ENGINE).SessionStore

    return choose


def saved(store, **data):
    session = store()
    session.update(data)
    session.save()
    return session


@pytest.mark.parametrize("name", ENGINES)
def test_sessions_are_read_and_those_that_are_not_there_are_not(engine, name):
    store = engine(name)
    first, second = saved(store, user="first"), saved(store, user="second")
    keys = [first.session_key, second.session_key, "0123456789abcdefghij"]
    assert read_sessions(keys) == {
        first.session_key: {"user": "first"},
        second.session_key: {"user": "second"},
    }


@pytest.mark.parametrize("name", KEPT)
def test_a_session_that_was_flushed_is_over(engine, name):
    session = saved(engine(name), user="u")
    key = session.session_key
    assert read_sessions([key])
    session.flush()
    assert read_sessions([key]) == {}


@pytest.mark.parametrize("name", ["db", "cached_db"])
def test_a_row_that_was_deleted_is_a_session_that_is_over(engine, name):
    session = saved(engine(name), user="u")
    Session.objects.all().delete()
    assert read_sessions([session.session_key]) == {}


@pytest.mark.parametrize("name", ENGINES)
def test_a_session_that_has_expired_is_over(engine, name, settings):
    session = saved(engine(name), user="u")
    if name == "signed_cookies":  # Their age alone counts.
        settings.SESSION_COOKIE_AGE = -1
    else:
        session.set_expiry(-1)
        session.save()
    assert read_sessions([session.session_key]) == {}


@pytest.mark.parametrize("name", ["db", "cached_db"])
def test_many_rows_are_one_query(engine, name, django_assert_num_queries):
    keys = [saved(engine(name), n=n).session_key for n in range(20)]
    with django_assert_num_queries(1):
        assert len(read_sessions(keys)) == 20


def test_without_sessions_nothing_is_asked(engine, django_assert_num_queries):
    engine("db")
    with django_assert_num_queries(0):
        assert read_sessions([]) == {}


def test_a_session_that_can_not_be_read_is_an_error_of_its_own(engine, tmp_path):
    store = engine("file")
    good, bad = saved(store, user="good"), saved(store, user="bad")
    path = tmp_path / f"sessionid{bad.session_key}"
    path.unlink()
    path.mkdir()
    found = read_sessions([good.session_key, bad.session_key])
    assert found.get(good.session_key) == {"user": "good"}
    assert bad.session_key not in found or isinstance(found[bad.session_key], OSError)


def test_a_directory_that_is_gone_ends_no_session(engine, tmp_path, monkeypatch):
    store = engine("file")
    key = saved(store, user="u").session_key

    def unmounted(*args, **kwargs):
        raise PermissionError("unmounted")

    monkeypatch.setattr("builtins.open", unmounted)
    monkeypatch.setattr("os.stat", unmounted)
    assert isinstance(read_sessions([key])[key], PermissionError)


def test_a_cookie_that_was_tampered_with_is_no_session(engine):
    session = saved(engine("signed_cookies"), user="u")
    assert read_sessions([session.session_key + "x"]) == {}


class CustomTable(db_backend.SessionStore):
    """An engine that finds its rows otherwise."""

    def _get_session_from_db(self):
        return None


def test_an_engine_of_ones_own_is_asked_as_a_sign_in_asks_it(engine, settings):
    key = saved(engine("db"), user="u").session_key
    settings.SESSION_ENGINE = __name__
    assert session_store() is SessionStore
    assert read_sessions([key]) == {key: {"user": "u", "own": True}}


class SessionStore(db_backend.SessionStore):
    """The engine of this module."""

    def load(self):
        return {**super().load(), "own": True}


@pytest.mark.parametrize("name", ENGINES)
def test_which_engines_answer_for_many(engine, name):
    store = engine(name)
    assert is_in_table(store) is (name in ("db", "cached_db"))
    assert is_read_together(store) is (name != "file")
    assert not is_in_table(CustomTable) and not is_read_together(SessionStore)
    assert not is_in_table(SignedCookies)
