"""Asking the phone company at an agent's word: her phone may know of an end first."""

from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from calls.models import Action, Call
from calls.reconciliation import ask_soon
from calls.views.once import once, token_of
from calls.views.requests import for_agents, refused

MINUTE = timedelta(minutes=1)
MAX_A_MINUTE = 20
"""Questions of one agent: a page asks three times for each call that her phone has left."""

TOO_MANY = "The phone company was asked often enough; it is asked again by itself."


@require_POST
@for_agents
@once
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the company asked for a call, if it goes on as far as is known.

    The page does so when the agent's phone has left a call that its desk still shows as hers. It
    needs a ``token``, by which an agent's questions are counted.
    """
    if not token_of(request):
        raise ValidationError("token is a UUID.")
    if asked_lately(request.user) > MAX_A_MINUTE:
        return refused(429, TOO_MANY)
    call = Call.objects.listed().get(pk=pk)
    ask_soon(call)
    return JsonResponse({"call": call.data()}, status=202)


def asked_lately(agent: AbstractUser) -> int:
    """Count an agent's questions of the last minute, with the one that is being asked."""
    since = timezone.now() - MINUTE
    return Action.objects.filter(agent=agent, path__endswith="/ask/", created_at__gt=since).count()
