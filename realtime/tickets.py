"""Tickets: how a client without a session cookie signs in to its socket."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, JsonResponse
from django.utils.cache import add_never_cache_headers

from realtime.access.grant import Grant
from realtime.access.login import session_digest
from realtime.access.tickets import write
from realtime.protocol.reading import MAX_TICKET
from realtime.protocol.stream_names import user_stream_name
from realtime.recipients import Recipient, stream_names

if TYPE_CHECKING:  # Models can't be imported before the apps are loaded.
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

__all__ = ["Grant", "issue", "ticket_view"]


def issue(
    user: AbstractBaseUser | AnonymousUser,
    streams: Recipient | Iterable[Recipient] | None = None,
    seconds: float = 60,
) -> str:
    """Return a ticket with which a client opens one socket as ``user``, within ``seconds``.

    With ``streams`` (names, or users for their own streams) the socket may follow only these, if
    ``authorize`` allows it too. The ticket is void when the user is deactivated or has a new
    password. It asks no database, so that there is no async twin.

    Raises ``ValueError`` or ``TypeError`` for arguments that make no ticket, and
    ``ImproperlyConfigured`` where its use could not be remembered.
    """
    return _issue(user, streams, seconds)


def _issue(user: Any, streams: Any = None, seconds: Any = 60, session: str | None = None) -> str:
    _check_that_use_is_remembered()
    user_stream_name(user)  # One without a primary key has none.
    names = None if streams is None else stream_names(streams)
    ticket = write(user, names, _end(seconds), session)
    if len(ticket) > MAX_TICKET:
        raise ValueError(f"A ticket has at most {MAX_TICKET} characters: name fewer streams.")
    return ticket


def ticket_view(request: HttpRequest) -> JsonResponse:
    """Answer a POST of a user who is logged in with ``{"ticket": ...}``, good for a minute.

    The logout from the session of the request ends the socket that the ticket has opened.

    A visitor gets 401, a user who isn't active 403, and another method 405, each with an ``error``.
    """
    user = getattr(request, "user", None)
    if request.method != "POST":
        response = JsonResponse({"error": "Only POST is allowed."}, status=405)
        response["Allow"] = "POST"
    elif user is None or not user.is_authenticated:
        response = JsonResponse({"error": "You are not logged in."}, status=401)
    elif not user.is_active:
        response = JsonResponse({"error": "This account is not active."}, status=403)
    else:
        response = JsonResponse({"ticket": _issue(user, session=_session(request))})
    add_never_cache_headers(response)
    return response


def _session(request: HttpRequest) -> str | None:
    key = getattr(getattr(request, "session", None), "session_key", None)
    return None if key is None else session_digest(key)


def _end(seconds: Any) -> float:
    """Return when a ticket ends that is issued now, in seconds since 1970."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"seconds is a number, not {seconds!r}.")
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds is above 0, not {seconds!r}.")
    return time.time() + seconds


def _check_that_use_is_remembered() -> None:
    if not apps.is_installed("realtime"):
        raise ImproperlyConfigured(
            "A ticket is used once, which a table of the app realtime remembers: add 'realtime' to "
            "INSTALLED_APPS, and migrate."
        )
