"""Finds out whose socket it is: by what a middleware put into the scope, or by the session."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import load_backend
from django.http import parse_cookie

from realtime.access import session_logins
from realtime.access.addresses import address_of
from realtime.access.claims import Claim, claim_in, holds, is_active
from realtime.access.login import FRESH, Login
from realtime.access.session_stores import check_that_it_answers
from realtime.access.sessions import session_store
from realtime.concurrency.threads import run_sign_in
from realtime.sockets.asgi import Scope, header


async def sign_in(scope: Scope) -> Login | None:
    """Return whose socket it is, an active user, or None for a visitor who is not signed in.

    A user that a middleware put into the scope counts, else the user of the session cookie. Raises
    what the stores of sessions and users raise, so that a visitor is one who is known to be one.
    """
    session_key = None if "user" in scope else _session_key_of(scope)
    if session_key is not None and session_logins.are_read_together():
        found = await session_logins.session_logins.current().login(session_key)
        if not isinstance(found, session_logins.Otherwise):
            return found
        if found is session_logins.Otherwise.NOBODYS:
            return None
    login, asked_at = await run_sign_in(address_of(scope), _find_login_timed, scope)
    if login is not None:
        login.verified_at = asyncio.get_running_loop().time() - (time.monotonic() - asked_at)
        if "user" in scope:
            login.verified_at -= FRESH  # The middleware asked before that.
    return login  # type: ignore[no-any-return]


def _find_login_timed(scope: Scope) -> tuple[Login | None, float]:
    """Return when the stores were asked, too; a thread may have had to wait for its turn."""
    asked_at = time.monotonic()
    return _find_login(scope), asked_at


def _find_login(scope: Scope) -> Login | None:
    session_key = _session_key_of(scope)
    login = _login_in(scope) if "user" in scope else _session_login(session_key)
    if login is None and session_key is not None:
        check_that_it_answers(session_key)
    return login


def _login_in(scope: Scope) -> Login | None:
    """Return the login of a middleware: by a session if that is the user's, else by the user."""
    user, session = scope["user"], scope.get("session")
    if user is None or not is_active(user) or user.pk is None:
        return None
    claim = None if session is None else claim_in(session)
    session_key = getattr(session, "session_key", None)
    if claim is None or claim.pk != user.pk or session_key is None:
        return Login(user)
    return Login(user, session_key, claim.backend)


def _session_key_of(scope: Scope) -> str | None:
    cookies = parse_cookie(header(scope, b"cookie") or "")
    session_key = cookies.get(settings.SESSION_COOKIE_NAME)
    return None if not session_key or "\0" in session_key else session_key


def _session_login(session_key: str | None) -> Login | None:
    """Read the session without writing it: a socket can't hand the browser a new cookie."""
    claim = None if session_key is None else claim_in(session_store()(session_key))
    user = None if claim is None else _user_of(claim)
    if claim is None or user is None:
        return None
    return Login(user, session_key, claim.backend)


def _user_of(claim: Claim) -> Any | None:
    user = load_backend(claim.backend).get_user(claim.pk)
    return user if holds(claim, user) else None
