"""Asks the stores of sessions and users whether logins still hold: two queries for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model, load_backend
from django.contrib.auth.backends import ModelBackend

from realtime.access.claims import Claim, claim_in, holds, is_active
from realtime.access.login import Login
from realtime.access.sessions import is_read_together, read_sessions, session_store


class Verdict(Enum):
    """What the stores say of a login that does not hold."""

    GONE = "gone"


GONE = Verdict.GONE

Outcome = Any
"""The user as the stores have them now; ``GONE``; or the error that hides which."""


def needs_verification(login: Login) -> bool:
    """Tell whether anything can be asked: a user of a project's own making is left alone."""
    return login.session_key is not None or _is_row(login.user)


def is_verified_together(login: Login) -> bool:
    """Tell whether a login costs no request of its own among others."""
    if login.session_key is None:
        return True
    return is_plain(login.backend) and is_read_together(session_store())


def verify(logins: Sequence[Login]) -> list[Outcome]:
    """Return the outcome for each login; raises what a store raises that is away.

    Not for an event loop: it waits for the stores.
    """
    keys = {login.session_key for login in logins if login.session_key is not None}
    sessions = read_sessions(keys)
    claims = [_claim(login, sessions) for login in logins]
    rows = _rows(zip(logins, claims, strict=True))
    return [_outcome(login, claim, rows) for login, claim in zip(logins, claims, strict=True)]


def _claim(login: Login, sessions: dict[str, Any]) -> Claim | Outcome | None:
    """Return what a login's session claims; None without one, as the user is the claim then."""
    if login.session_key is None:
        return None
    session = sessions.get(login.session_key)
    if session is None or isinstance(session, Exception):
        return session or GONE
    claim = claim_in(session)
    return GONE if claim is None or claim.pk != login.user.pk else claim


Rows = dict[Any, dict[Any, Any]]
"""Users by model and primary key."""


def _rows(claims: Iterable[tuple[Login, Any]]) -> Rows:
    """Read all users that may be read together, in a query for each model, of which one is usual.

    They come from the manager that Django's own backend takes.
    """
    wanted: dict[Any, set[Any]] = defaultdict(set)
    for login, claim in claims:
        if claim is None and _is_row(login.user):
            wanted[login.user.__class__].add(login.user.pk)
        elif isinstance(claim, Claim) and is_plain(claim.backend):
            wanted[get_user_model()].add(claim.pk)
    return {model: rows_of(model, keys) for model, keys in wanted.items()}


def rows_of(model: Any, keys: Collection[Any]) -> dict[Any, Any]:
    """Return the rows of a model that exist, by their primary keys: one query, or none."""
    return {row.pk: row for row in model._default_manager.filter(pk__in=keys)} if keys else {}


def _outcome(login: Login, claim: Any, rows: Rows) -> Outcome:
    if isinstance(claim, Claim):
        return claimed(claim, rows.get(get_user_model(), {}))
    if claim is not None:
        return claim
    if not _is_row(login.user):
        return login.user
    user = rows[login.user.__class__].get(login.user.pk)
    holds_still = user is not None and is_active(user) and login.has_password_of(user)
    return user if holds_still else GONE


def claimed(claim: Claim, users: Mapping[Any, Any]) -> Outcome:
    """Return the outcome for what a session claims; ``users`` has those of plain backends."""
    try:
        backend: Any = load_backend(claim.backend)
        if not is_plain(claim.backend):
            user = backend.get_user(claim.pk)
        else:
            user = users.get(claim.pk)
            if user is not None and not backend.user_can_authenticate(user):
                user = None
        return user if holds(claim, user) else GONE
    except Exception as error:  # It is one user's, whose backend may be away alone.
        return error


@cache
def is_plain(backend: str | None) -> bool:
    """Tell whether a backend takes its users from the table as Django's own does."""
    return backend is not None and type(load_backend(backend)).get_user is ModelBackend.get_user


def _is_row(user: Any) -> bool:
    return isinstance(user, get_user_model()) and not user._state.adding
