"""Checks who opens a socket: the page that it may come from, and the user of its session."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.core.exceptions import DisallowedHost, ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare
from django.utils.http import is_same_domain

from realtime.concurrency.threads import run_sign_in
from realtime.sockets.asgi import Scope, header, headers
from realtime.sockets.session_stores import check_that_it_answers


def is_foreign(scope: Scope) -> bool:
    """Tell whether a page of another site opened the socket, by the rule of Django's CSRF check.

    A page may come from the scheme, host and port that it connects to, if ``ALLOWED_HOSTS`` has
    that host, or from ``CSRF_TRUSTED_ORIGINS``. A client without an ``Origin`` is a program, which
    has no visitor's session to misuse.
    """
    request = _handshake(scope)
    origin = request.META.get("HTTP_ORIGIN")
    return origin is not None and origin != _own_origin(request) and not _is_trusted(origin)


def _handshake(scope: Scope) -> ASGIRequest:
    """Return the handshake as a request, which applies Django's settings for proxies and hosts."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    about = {"type": "http", "method": "GET", "path": "/", "scheme": scheme}
    return ASGIRequest(
        {**about, "server": scope.get("server"), "headers": headers(scope)}, BytesIO()
    )


def _own_origin(request: ASGIRequest) -> str | None:
    """Return the origin of the site's own pages, None where the host is not the site's."""
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return None


def _is_trusted(origin: str) -> bool:
    """Compare as Django does: only ``https://*.example.com`` stands for subdomains."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        page = urlsplit(origin)
    except ValueError:
        return False
    wildcards = (urlsplit(one) for one in settings.CSRF_TRUSTED_ORIGINS if "*" in one)
    return any(
        page.scheme == trusted.scheme and is_same_domain(page.netloc, trusted.netloc.lstrip("*"))
        for trusted in wildcards
    )


async def user_of(scope: Scope) -> Any | None:
    """Return the active user of a socket, or None for a visitor who is not signed in.

    A user that a middleware put into the scope counts, else the user of the session cookie. Raises
    what the stores of sessions and users raise, so that a visitor is one who is known to be one.
    """
    client = scope.get("client")
    return await run_sign_in(client and client[0], _find_user, scope)


def _find_user(scope: Scope) -> Any | None:
    session_key = _session_key(header(scope, b"cookie") or "")
    user = _active(scope["user"]) if "user" in scope else _session_user(session_key)
    if user is None and session_key is not None:
        check_that_it_answers(session_key)
    return user


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
