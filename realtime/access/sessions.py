"""Reads many sessions, together where their engine allows it, and without writing any."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache, cached_db, db, signed_cookies
from django.utils import timezone

from realtime.access.session_cache import read_cache
from realtime.access.session_stores import check_that_it_answers

Session = dict[str, Any]


def read_sessions(keys: Collection[str]) -> dict[str, Session | Exception]:
    """Return the data of those that exist and have not expired, by their keys.

    In place of what could not be read is the error. Raises what a store raises that can't be
    reached at all.
    """
    store = session_store()
    if not keys:
        return {}
    if is_in_table(store):
        return _read_table(store, keys)
    if store.load is cache.SessionStore.load:
        return read_cache(store, keys)
    return {key: data for key in keys if (data := _read_one(store, key)) is not None}


def session_store() -> Any:
    """Return the class of the project's engine."""
    return import_module(settings.SESSION_ENGINE).SessionStore


def is_in_table(store: Any) -> bool:
    """Tell whether the engine keeps its sessions in a table, in the way of Django's own.

    ``cached_db`` does; what its cache has is only a copy.
    """
    own: Any = db.SessionStore
    is_read_so = store.load in (own.load, cached_db.SessionStore.load)
    return is_read_so and store._get_session_from_db is own._get_session_from_db


def is_read_together(store: Any) -> bool:
    """Tell whether many sessions cost no more requests than one."""
    return is_in_table(store) or store.load in (
        cache.SessionStore.load,
        signed_cookies.SessionStore.load,
    )


def _read_table(store: Any, keys: Collection[str]) -> dict[str, Session | Exception]:
    rows = store.get_model_class().objects.filter(
        session_key__in=keys, expire_date__gt=timezone.now()
    )
    decode = store().decode
    return {key: decode(data) for key, data in rows.values_list("session_key", "session_data")}


def _read_one(store: Any, key: str) -> Session | Exception | None:
    """Read a session as a sign-in does, of any engine: signed cookies know their age."""
    try:
        session = dict(store(key).items())
        if not session:
            check_that_it_answers(key)
        return session or None
    except Exception as error:  # It is one session's; its user gets it.
        return error
