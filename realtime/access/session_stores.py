"""Asks a session store whether it is there, where its engine can't say so.

Two of Django's engines take every failure of their store for a session that doesn't exist. A user
would be a visitor then, and stay away.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache, file
from django.core.cache import caches
from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation


def check_that_it_answers(session_key: str) -> None:
    """Raise what the store raises when it is asked for that session; a missing one is no error."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if issubclass(store, cache.SessionStore):
        _ask_cache(store, session_key)
    elif issubclass(store, file.SessionStore):
        _ask_directory(store, session_key)


def _ask_cache(store: type[cache.SessionStore], session_key: str) -> None:
    with suppress(InvalidCacheKey):  # Of a made-up cookie.
        caches[settings.SESSION_CACHE_ALIAS].get(store.cache_key_prefix + session_key)


def _ask_directory(store: Any, session_key: str) -> None:
    with suppress(FileNotFoundError, SuspiciousOperation):
        os.stat(store(session_key)._key_to_file())
