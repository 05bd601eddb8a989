"""The desk, and its requests in JSON: list, place, answer, hang up and simulate calls."""

import json
from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from calls.agents import is_agent, person
from calls.models import Call, CallConflict
from calls.states import Direction, State
from calls.telephony import TelephonyError, get_telephony, is_simulated, site_url
from calls.telephony.simulator import CALLER, Simulator, in_background
from calls.validators import validate_phone_number
from realtime import position

LAST_CALLS = 20

View = Callable[..., HttpResponse]


def refused(status: int, reason: str) -> JsonResponse:
    return JsonResponse({"error": reason}, status=status)


def for_agents(view: View) -> View:
    """Let only agents in, and answer expected errors in JSON."""

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
    """Show the agent's desk; events after its position are replayed to it."""
    if not is_agent(request.user):
        return render(request, "calls/not_an_agent.html", status=403)
    context = {
        "position": position(request.user),
        "calls": listing(),  # After the position, so that no change is missed.
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
    """Return all active calls and the last ones that ended, newest first."""
    ended = Call.objects.listed().exclude(ended_at=None)
    both = sorted(
        chain(Call.objects.active(), ended.order_by("-ended_at")[:LAST_CALLS]),
        key=lambda call: (call.started_at, call.pk),
        reverse=True,
    )
    return [call.data() for call in both]


def place(request: HttpRequest) -> JsonResponse:
    """Place a call to the number ``to``."""
    to = phone_number(request, "to")
    now = timezone.now()
    call = Call.objects.create(
        direction=Direction.OUTBOUND,
        to_number=to,
        state=State.QUEUED,
        placed_by=request.user,
        started_at=now,
        changed_at=now,
    )
    try:
        placed = get_telephony(site_url(request)).place(call, request.user)
    except TelephonyError:
        call.delete()
        raise
    Call.objects.record(placed.sid, placed.state, pk=call.pk)
    with Call.objects.change(call.pk) as call:
        call.from_number = placed.from_number
    return JsonResponse({"call": call.data()}, status=201)


@require_POST
@for_agents
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Connect a ringing call with this agent, unless another agent was faster."""
    call = Call.objects.claim(pk, request.user)
    try:
        get_telephony(site_url(request)).answer(call, request.user)
    except TelephonyError:
        Call.objects.release(pk, call.claim)
        raise
    return JsonResponse({"call": call.data()}, status=202)


@require_POST
@for_agents
def hang_up(request: HttpRequest, pk: int) -> HttpResponse:
    """End a call; a ringing call is declined for all agents."""
    call = Call.objects.get(pk=pk)
    call.check_free_for(request.user)
    get_telephony(site_url(request)).hang_up(call)
    return JsonResponse({"call": call.data()}, status=202)


@require_POST
@for_agents
def simulate(request: HttpRequest) -> HttpResponse:
    """Simulate an incoming call, unless a real phone company is connected."""
    if not is_simulated():
        return refused(404, "A real phone company is connected; call it.")
    number = phone_number(request, "from", CALLER)
    in_background(Simulator(site_url(request)).call_in, number)
    return JsonResponse({}, status=202)


def phone_number(request: HttpRequest, field: str, default: str = "") -> str:
    """Return the number in ``field`` of a form or a JSON object.

    Raises ``ValidationError``.
    """
    number = sent(request).get(field, default)
    if not isinstance(number, str):
        raise ValidationError(f"{field} is text.")
    validate_phone_number(number := number.strip())
    return number


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
