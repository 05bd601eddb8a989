"""Signs a user in for a moment, by the project's own sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_backends,
    get_user_model,
)

from realtime.access.sessions import session_store
from realtime.protocol.stream_names import user_stream_name

SESSION_AGE = 1800
"""Seconds after which a session ends that could not be deleted."""


@dataclass(frozen=True)
class SignedIn:
    """A session that was made."""

    cookie: str
    me: str
    """The name of its user's own stream."""
    session: Any

    def end(self) -> None:
        """Delete it."""
        self.session.delete()


def first_user() -> str | None:
    """Return the name of the first user who may log in, None where there is none."""
    users = get_user_model()._default_manager.order_by("pk")
    user = next((each for each in users.iterator() if each.is_active), None)
    return None if user is None else user.get_username()


def sign_in(username: str) -> SignedIn:
    """Make a session of a user; no signal is sent, and ``last_login`` stays.

    Raises ``LookupError`` with a sentence where there is no such active user.
    """
    users = get_user_model()
    try:
        user: Any = users._default_manager.get_by_natural_key(username)
    except users.DoesNotExist:
        raise LookupError(f"There is no user {username!r}.") from None
    session: Any = session_store()()
    session[SESSION_KEY] = user._meta.pk.value_to_string(user)
    session[BACKEND_SESSION_KEY] = _backend_of(user)
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(SESSION_AGE)
    session.save()
    cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    return SignedIn(cookie, user_stream_name(user), session)


def _backend_of(user: Any) -> str:
    """Return the first backend that knows the user again."""
    for path, backend in zip(settings.AUTHENTICATION_BACKENDS, get_backends(), strict=True):
        if hasattr(backend, "get_user") and backend.get_user(user.pk) is not None:
            return str(path)
    raise LookupError(f"No backend of AUTHENTICATION_BACKENDS lets {user} in: is the user active?")
