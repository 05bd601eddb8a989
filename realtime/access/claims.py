"""What a session says about its user, and whether that still holds."""

from __future__ import annotations

from sys import intern
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.crypto import constant_time_compare


class Claim(NamedTuple):
    """The user's primary key, the backend that knows the user, and the hash of the password."""

    pk: Any
    backend: str
    hash: str


def claim_in(session: Any) -> Claim | None:
    """Return what the data of a session claims; None where nobody is logged in."""
    backend = session.get(BACKEND_SESSION_KEY)
    if backend not in settings.AUTHENTICATION_BACKENDS or SESSION_KEY not in session:
        return None
    try:
        primary_key = get_user_model()._meta.pk.to_python(session[SESSION_KEY])
    except ValidationError:  # A session from before the project changed its user model.
        return None
    # One copy of the name for all sockets: each session has its own.
    return Claim(primary_key, intern(backend), session.get(HASH_SESSION_KEY, ""))


def holds(claim: Claim, user: Any) -> bool:
    """Tell whether a claim holds for the user as the backend has them now; None is a deleted one.

    A changed password ends the sessions that were opened with the old one.
    """
    if user is None or not is_active(user):
        return False
    if not hasattr(user, "get_session_auth_hash"):
        return True
    hashes = [user.get_session_auth_hash()]
    if hasattr(user, "get_session_auth_fallback_hash"):
        hashes += user.get_session_auth_fallback_hash()
    return any(constant_time_compare(claim.hash, known) for known in hashes)


def is_active(user: Any) -> bool:
    """Tell whether a user may be signed in at all."""
    return bool(user.is_authenticated and user.is_active) and not is_of_other_model(user)


def is_of_other_model(user: Any) -> bool:
    """Tell whether a row is none of the users, whose primary key would name a stranger's stream."""
    if not isinstance(user, Model):
        return False
    users: Any = get_user_model()
    return not isinstance(user, users._meta.concrete_model)
