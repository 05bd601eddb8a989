"""Who may ask, what was sent, and how the desk answers errors."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from calls.agents import is_agent
from calls.models import Call, CallConflict
from calls.telephony import CallOver, CallTaken, TelephonyError

View = Callable[..., HttpResponse]


def refused(status: int, reason: str) -> JsonResponse:
    return JsonResponse({"error": reason}, status=status)


def not_a_member(request: HttpRequest, group: str, page: str) -> HttpResponse:
    """Say that a page is for a group which the user is not in."""
    context = {"group": group, "page": page}
    return render(request, "calls/not_a_member.html", context, status=403)


def for_agents(view: View) -> View:
    """Let only agents in, and answer expected errors in JSON."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return refused(401, "You are not logged in.")
        if not is_agent(request.user):
            return refused(403, "Only agents may do this.")
        return answered(view, request, **arguments)

    return guarded


def answered(view: View, request: HttpRequest, **arguments: Any) -> HttpResponse:
    """Return the view's answer, or the one for an error that it raised."""
    try:
        return view(request, **arguments)
    except ValidationError as invalid:
        return refused(400, invalid.messages[0])
    except Call.DoesNotExist:
        return refused(404, "There is no such call.")
    except (CallConflict, CallOver, CallTaken) as conflict:
        return refused(409, str(conflict))
    except TelephonyError as error:
        return refused(502, str(error))


def sent(request: HttpRequest) -> Any:
    """Return the fields of a form or a JSON object.

    Raises ``ValidationError`` for a body of JSON that is something else.
    """
    if request.content_type != "application/json":
        return request.POST
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ValidationError("The body is not a JSON object.")
    return body


def text(request: HttpRequest, field: str, default: str = "") -> str:
    """Return a field of a form or a JSON object as text; raises ``ValidationError``."""
    value = sent(request).get(field, default)
    if not isinstance(value, str):
        raise ValidationError(f"{field} is text.")
    return storable(value, field)


def parameter(request: HttpRequest, field: str) -> str:
    """Return a parameter of the address, "" without it; raises ``ValidationError``."""
    return storable(request.GET.get(field, ""), field)


def storable(value: str, field: str) -> str:
    """Return a text without the spaces around it.

    Raises ``ValidationError`` for one that not every database can store or look for.
    """
    if "\0" in value or value != value.encode("utf-8", "replace").decode():
        raise ValidationError(f"{field} has characters that are no text.")
    return value.strip()


def primary_key(value: str, field: str) -> int:
    """Return the primary key that ``value`` names; raises ``ValidationError``."""
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise ValidationError(f"{field} is the number of an agent.")
    return int(value)
