"""Requests that have one effect, however often a page sends them."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from calls.models import Action
from calls.views.requests import View, answered, refused, text

ABANDONED = timedelta(seconds=60)
"""When a request is no longer running, because its process was ended; the longest ask the phone
company three times, 5 s each."""

RUNNING = "This is being done."
OTHER = "This token belongs to another request."


def once(view: View) -> View:
    """Answer a request whose ``token`` has come before as the first time, without any effect.

    The page makes the token, a UUID, for each click. While the first request runs, the second gets
    409. Without a token each request has its effect.
    """

    @wraps(view)
    def idempotent(request: HttpRequest, **arguments: Any) -> HttpResponse:
        return answered(view_of_token, request, **arguments)

    def view_of_token(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if not (token := token_of(request)):
            return view(request, **arguments)
        action, is_new = Action.objects.get_or_create(
            agent=request.user, token=token, defaults={"path": request.path[:200]}
        )
        if not is_new and (stored := _stored(action, request)):
            return stored
        return _run(action, lambda: answered(view, request, **arguments))

    return idempotent


def is_under_way(request: HttpRequest, *paths: str) -> bool:
    """Say whether an earlier request of this agent, with a token, to a path still runs."""
    since = timezone.now() - ABANDONED
    running = Action.objects.filter(
        agent=request.user, path__in=paths, status=None, created_at__gte=since
    )
    own = Action.objects.filter(agent=request.user, token=token_of(request)).first()
    if own:
        # One that was taken over has begun again, after others that have higher keys.
        running = running.filter(Q(pk__lt=own.pk) | Q(created_at__lt=own.created_at))
    return running.exists()


def token_of(request: HttpRequest) -> str:
    """Return the request's token, "" if it has none; raises ``ValidationError``."""
    token = text(request, "token")
    try:
        return str(uuid.UUID(token)) if token else ""
    except ValueError as error:
        raise ValidationError("token is a UUID.") from error


def _stored(action: Action, request: HttpRequest) -> HttpResponse | None:
    """Return the answer for a token that has come before; None to run an abandoned one again."""
    if action.path != request.path[:200]:
        return refused(400, OTHER)
    if action.status is not None:
        return JsonResponse(action.body, status=action.status)
    return None if _take_over(action) else refused(409, RUNNING)


def _take_over(action: Action) -> bool:
    """One UPDATE decides which request runs an action again whose process was ended."""
    now = timezone.now()
    abandoned = Action.objects.filter(pk=action.pk, status=None, created_at__lt=now - ABANDONED)
    return bool(abandoned.update(created_at=now))


def _run(action: Action, run: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        response = run()
    except BaseException:
        action.delete()  # What failed unexpectedly may be tried again.
        raise
    action.status, action.body = response.status_code, _body(response)
    action.save(update_fields=["status", "body"])
    return response


def _body(response: HttpResponse) -> Any:
    return json.loads(response.content)
