"""The desk with its calls, and in JSON what it asks for: to list, place, answer, hang up one."""

import json
from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from calls.agents import is_agent, person
from calls.models import Call, CallConflict, Direction
from calls.telephony import TelephonyError, get_telephony, is_simulated, site_url
from calls.telephony.simulator import CALLER, Simulator, in_background
from calls.validators import validate_phone_number
from realtime import position

LAST_CALLS = 20

View = Callable[..., HttpResponse]


def refused(status: int, reason: str) -> JsonResponse:
    return JsonResponse({"error": reason}, status=status)


def for_agents(view: View) -> View:
    """Let only agents in, and turn what may go wrong into an answer in JSON."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return refused(401, "You are not logged in.")
        if not is_agent(request.user):
            return refused(403, "Only agents may do this.")
        try:
            return view(request, **arguments)
        except ValidationError as invalid:
            return refused(400, invalid.messages[0])
        except Call.DoesNotExist:
            return refused(404, "There is no such call.")
        except CallConflict as conflict:
            return refused(409, str(conflict))
        except TelephonyError as error:
            return refused(502, str(error))

    return guarded


@require_safe
@login_required
def desk(request: HttpRequest) -> HttpResponse:
    """Show the agent's desk; what happens after its position was taken is replayed to it."""
    if not is_agent(request.user):
        return render(request, "calls/not_an_agent.html", status=403)
    context = {
        "position": position(request.user),
        "calls": listing(),  # After the position, so that nothing falls between the two.
        "agent": person(request.user),
        "simulated": is_simulated(),
    }
    return render(request, "calls/desk.html", context)


@require_http_methods(["GET", "POST"])
@for_agents
def call_list(request: HttpRequest) -> HttpResponse:
    """List the calls, or place one."""
    return place(request) if request.method == "POST" else JsonResponse({"calls": listing()})


def listing() -> list[dict[str, Any]]:
    """Return all active calls and the last ended ones, newest first."""
    ended = Call.objects.select_related("answered_by").exclude(ended_at=None)
    both = sorted(
        chain(Call.objects.active(), ended.order_by("-ended_at")[:LAST_CALLS]),
        key=lambda call: (call.started_at, call.pk),
        reverse=True,
    )
    return [call.listed() for call in both]


def place(request: HttpRequest) -> JsonResponse:
    """Place a call to the number ``to``."""
    to = phone_number(request, "to")
    placed = get_telephony(request).place(to, request.user)
    with transaction.atomic():
        # A webhook may have been quicker and have brought the call already.
        call = Call.objects.record(
            placed.sid,
            placed.state,
            direction=Direction.OUTBOUND,
            from_number=placed.from_number,
            to_number=to,
        )
        call.claimed_by = request.user
        call.save(update_fields=["claimed_by"])
    return JsonResponse({"call": call.listed()}, status=201)


@require_POST
@for_agents
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Connect a ringing call with this agent, unless another one was quicker."""
    call = Call.objects.claim(pk, request.user)
    try:
        get_telephony(request).answer(call, request.user)
    except TelephonyError:
        Call.objects.filter(pk=pk, claimed_by=request.user).update(claimed_by=None)
        raise
    return JsonResponse({"call": call.listed()}, status=202)


@require_POST
@for_agents
def hang_up(request: HttpRequest, pk: int) -> HttpResponse:
    """End a call; one that rings is declined for everybody."""
    call = Call.objects.get(pk=pk)
    call.check_free_for(request.user)
    get_telephony(request).hang_up(call)
    return JsonResponse({"call": call.listed()}, status=202)


@require_POST
@for_agents
def simulate(request: HttpRequest) -> HttpResponse:
    """Let somebody call us, where the phone company is a simulated one."""
    if not is_simulated():
        return refused(404, "A real phone company is connected; call it.")
    number = phone_number(request, "from", CALLER)
    in_background(Simulator(site_url(request)).call_in, number)
    return JsonResponse({}, status=202)


def phone_number(request: HttpRequest, field: str, default: str = "") -> str:
    """Return the number that was sent as ``field``, in a form or in JSON.

    Raises ``ValidationError``.
    """
    number = str(sent(request).get(field, default)).strip()
    validate_phone_number(number)
    return number


def sent(request: HttpRequest) -> Any:
    """Return the fields of a form or of a JSON object; anything else has none."""
    if request.content_type != "application/json":
        return request.POST
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
