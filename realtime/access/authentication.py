"""Finds out whose socket it is: by what a middleware put into the scope, or by the session."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.core.exceptions import ValidationError
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare

from realtime.access.login import Login
from realtime.access.session_stores import check_that_it_answers
from realtime.concurrency.threads import run_sign_in
from realtime.sockets.asgi import Scope, header


async def sign_in(scope: Scope) -> Login | None:
    """Return whose socket it is, an active user, or None for a visitor who is not signed in.

    A user that a middleware put into the scope counts, else the user of the session cookie. Raises
    what the stores of sessions and users raise, so that a visitor is one who is known to be one.
    """
    login: Login | None = await run_sign_in(client_address(scope), _find_login, scope)
    return login


def client_address(scope: Scope) -> str | None:
    """Return from where a client comes, for the server; None behind a Unix socket."""
    client = scope.get("client")
    return client[0] if client else None


def _find_login(scope: Scope) -> Login | None:
    session_key = _session_key(header(scope, b"cookie") or "")
    if "user" in scope:
        user, session_key_of_user = _active(scope["user"]), _session_in(scope)
    else:
        user, session_key_of_user = _session_user(session_key), session_key
    if user is not None:
        return Login(user, session_key_of_user)
    if session_key is not None:
        check_that_it_answers(session_key)
    return None


def _session_in(scope: Scope) -> str | None:
    """Return the key of the session that Channels' middleware took the user from."""
    return getattr(scope.get("session"), "session_key", None)


def _active(user: Any) -> Any | None:
    return user if user is not None and user.is_authenticated and user.is_active else None


def _session_key(cookie_header: str) -> str | None:
    session_key = parse_cookie(cookie_header).get(settings.SESSION_COOKIE_NAME)
    return None if not session_key or "\0" in session_key else session_key


def _session_user(session_key: str | None) -> Any | None:
    """Read the session without writing it: a socket can't hand the browser a new cookie."""
    if session_key is None:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    backend = session.get(BACKEND_SESSION_KEY)
    if backend not in settings.AUTHENTICATION_BACKENDS or SESSION_KEY not in session:
        return None
    try:
        primary_key = get_user_model()._meta.pk.to_python(session[SESSION_KEY])
    except ValidationError:  # A session from before the project changed its user model.
        return None
    user = load_backend(backend).get_user(primary_key)
    if user is None or not _is_current(user, session.get(HASH_SESSION_KEY, "")):
        return None
    return _active(user)


def _is_current(user: Any, session_hash: str) -> bool:
    """A changed password ends the sessions that were opened with the old one."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    hashes = [user.get_session_auth_hash()]
    if hasattr(user, "get_session_auth_fallback_hash"):
        hashes += user.get_session_auth_fallback_hash()
    return any(constant_time_compare(session_hash, known) for known in hashes)
