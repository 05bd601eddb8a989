"""What an agent can do with a call that rings: answer it, decline it for herself or for all."""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from calls import ringing
from calls.models import Call, CallConflict
from calls.one_talk import asking_for_other, check_free
from calls.states import Direction, State
from calls.telephony import OutcomeUnknown, TelephonyError
from calls.views.company import asking_after, company
from calls.views.once import once, token_of
from calls.views.requests import for_agents, text

NO_SID = "Whether this call is being placed isn't known yet. Wait until it is, a few seconds."


@require_POST
@for_agents
@once
@asking_for_other()
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Connect a ringing call with this agent, unless another agent was faster.

    With ``phone=ringing`` the page accepts the call itself, as soon as it has this answer. A call
    that another agent hands over is hers already. One who talks puts that call on hold first.
    """
    call = Call.objects.listed().get(pk=pk)
    check_free(request.user, but=pk)
    if call.transfer_to != request.user:
        call = claimed(request, pk)
    return JsonResponse({"call": call.data()}, status=202)


def claimed(request: HttpRequest, pk: int) -> Call:
    """Claim a call for the request's agent, and connect her with it."""
    token = token_of(request) or str(uuid.uuid4())
    call = Call.objects.claim(pk, request.user, token)
    if text(request, "phone") != "ringing":
        with asking_after(call):
            try:
                company(request).answer(call, request.user)
            except BaseException:
                Call.objects.release(pk, token)
                raise
    return call


@require_POST
@for_agents
@once
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the ringing at this agent; it rings on at the others."""
    call = ringing.decline(pk, request.user)
    ringing.silence(call, request.user, company(request))
    return JsonResponse({"call": call.data()}, status=202)


@require_POST
@for_agents
@once
def hang_up(request: HttpRequest, pk: int) -> HttpResponse:
    """End a call; one that rings here is rejected for all agents."""
    with Call.objects.change(pk) as call:
        call.check_free_for(request.user)
        if call.sid is None:
            raise CallConflict(NO_SID)
        rejects = call.direction == Direction.INBOUND and call.state == State.RINGING
        call.rejected_by = request.user if rejects else call.rejected_by
    with asking_after(call):
        try:
            company(request).hang_up(call)
        except TelephonyError as error:
            if rejects and not isinstance(error, OutcomeUnknown):
                take_back(pk)
            raise
    return JsonResponse({"call": call.data()}, status=202)


def take_back(pk: int) -> None:
    """Note that a call wasn't rejected after all."""
    with Call.objects.change(pk) as call:
        if not call.is_over:
            call.rejected_by = None
