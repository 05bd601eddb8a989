"""Asks the project's own function who a client is: ``REALTIME["AUTHENTICATE"]``."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from realtime.access.addresses import address_of
from realtime.access.claims import is_of_other_model
from realtime.access.grant import Grant
from realtime.access.login import FRESH, Login
from realtime.concurrency.threads import run_sign_in
from realtime.conf import realtime_settings
from realtime.sockets.asgi import Scope

Run = Callable[..., Awaitable[Any]]


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
    asked_at, run = asyncio.get_running_loop().time(), partial(run_sign_in, address_of(scope))
    login: Login | None = await run(_ask, run, authenticator(path), scope, ticket)
    if login is not None:
        login.verified_at = asked_at - FRESH  # The user may come from a cache.
    return login


def _ask(run: Run, function: Callable[..., Any], scope: Scope, ticket: str | None) -> Any:
    """Run in a thread, which also evaluates a lazy user; an async answer is awaited outside."""
    answer = function(scope, ticket)
    return _awaited(run, answer) if inspect.iscoroutine(answer) else _login(answer)


async def _awaited(run: Run, answer: Awaitable[Any]) -> Any:
    return await run(_login, await answer)


def _login(answer: Any) -> Login | None:
    if answer is None:
        return None
    grant = answer if isinstance(answer, Grant) else Grant(answer)
    user = grant.user
    if not hasattr(user, "is_authenticated"):
        raise TypeError(f"AUTHENTICATE returns a user, a Grant or None, not {answer!r}.")
    if not user.is_authenticated or not user.is_active:
        return None
    if user.pk is None:
        raise TypeError("AUTHENTICATE returns users who are saved: this one has no primary key.")
    if is_of_other_model(user):
        label = user._meta.label
        raise TypeError(f"AUTHENTICATE returns rows of AUTH_USER_MODEL, and none of {label}.")
    streams = None if grant.streams is None else frozenset(grant.streams)
    return Login(user, expires=grant.expires, streams=streams)
