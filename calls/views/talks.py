"""What an agent can do with a call in progress: hold it, and hand it over."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from calls.agents import agents, person
from calls.availability import available_agents
from calls.models import Call, CallConflict
from calls.one_talk import asking_for_other, check_free
from calls.states import State
from calls.telephony import Refused
from calls.views.company import asking_after, company
from calls.views.once import RUNNING, is_under_way, once
from calls.views.requests import for_agents, primary_key, text

CHANGES = ("hold_call", "transfer_call")
"""The names of the URLs of what changes a call in progress."""


@require_POST
@for_agents
@once
@asking_for_other()
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the customer wait with music (``on=1``), or talk with the agent again (``on=0``)."""
    on = text(request, "on")
    if on not in ("0", "1"):
        raise ValidationError("on is 0 or 1.")
    with own_talk(request, pk) as call:
        if on == "0":
            check_free(request.user, but=pk)
        held, conference = call.held, call.conference
        call.held, call.conference = on == "1", True
    with asking_after(call), undoing(call, conference=conference, held=held):
        company(request).hold(call, call.held)
    return JsonResponse({"call": call.data()}, status=202)


@require_POST
@for_agents
@once
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a call over to the agent ``to``, whose phone rings for it while this agent waits."""
    other = free_agent(primary_key(text(request, "to"), "to"))
    with own_talk(request, pk) as call:
        if call.transfer_to:
            raise CallConflict(f"{person(call.transfer_to)['name']}'s phone is ringing already.")
        conference = call.conference
        call.transfer_to, call.rung_now, call.conference = other, [other.pk], True
        call.rung = [*call.rung, other.pk]
        call.declined = [one for one in call.declined if one != other.pk]
    with asking_after(call), undoing(call, conference=conference, transfer_to=None, rung_now=[]):
        company(request).transfer(call, other)
    return JsonResponse({"call": call.data()}, status=202)


@contextmanager
def own_talk(request: HttpRequest, pk: int) -> Iterator[Call]:
    """Change a call in progress that the agent has; raises ``CallConflict`` for any other.

    Raises it too while the company is still asked for the agent's change before: of two that it
    does together, the older one might be last.
    """
    with Call.objects.change(pk) as call:
        call.check_free_for(request.user)
        if is_under_way(request, *(reverse(name, args=[pk]) for name in CHANGES)):
            raise CallConflict(RUNNING)
        if call.state != State.IN_PROGRESS:
            raise CallConflict("Nobody talks in this call yet.")
        yield call


@contextmanager
def undoing(call: Call, *, conference: bool, **before: Any) -> Iterator[None]:
    """Set fields of a call back if the company surely didn't do what they say.

    What may have been done stands until the company is asked, or the agent does something else: a
    call that became a conference without our knowledge would lose its customer when the ``<Dial>``
    ends, and a transfer would go on without being shown.
    """
    try:
        yield
    except Refused:
        with Call.objects.change(call.pk) as current:
            if not current.is_over:
                for name, value in before.items():
                    setattr(current, name, value)
            current.conference = conference
        raise


def free_agent(pk: int) -> AbstractUser:
    """Return an agent who could take a call now; raises ``CallConflict``."""
    for agent in available_agents():
        if agent.user.pk == pk:
            return agent.user
    other = agents().filter(pk=pk).first()
    raise CallConflict(f"{person(other)['name'] if other else 'This agent'} isn't available.")
