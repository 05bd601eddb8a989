"""Asks the project's own function who a client is: ``REALTIME["AUTHENTICATE"]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from realtime.access.authentication import client_address
from realtime.access.grant import Grant
from realtime.access.login import Login
from realtime.concurrency.threads import run_sign_in
from realtime.conf import realtime_settings
from realtime.sockets.asgi import Scope


def authenticator(path: str) -> Callable[..., Any]:
    """Return the function of that dotted path; raises ``ImproperlyConfigured`` if it is none."""
    try:
        function = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"REALTIME['AUTHENTICATE']: {error}") from error
    if isinstance(function, type) or not callable(function):
        raise ImproperlyConfigured(
            f"REALTIME['AUTHENTICATE'] must name a function of a scope and a ticket: {path!r}."
        )
    return function  # type: ignore[no-any-return]


async def ask_project(scope: Scope, ticket: str | None) -> Login | None:
    """Return whose socket it is as the project's function says; None where there is none.

    Raises what the function raises, and ``TypeError`` for what it must not return.
    """
    path = realtime_settings().AUTHENTICATE
    if path is None:
        return None
    address = client_address(scope)
    answer = await run_sign_in(address, authenticator(path), scope, ticket)
    login: Login | None = await run_sign_in(address, _login, answer)
    return login


def _login(answer: Any) -> Login | None:
    """In a thread, since a lazy user asks the database here."""
    if answer is None:
        return None
    grant = answer if isinstance(answer, Grant) else Grant(answer)
    user = grant.user
    if not hasattr(user, "is_authenticated"):
        raise TypeError(f"AUTHENTICATE returns a user, a Grant or None, not {answer!r}.")
    if not user.is_authenticated or not user.is_active:
        return None
    streams = None if grant.streams is None else frozenset(grant.streams)
    return Login(user, expires=grant.expires, streams=streams)
