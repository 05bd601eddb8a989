"""What an agent can do with a call that rings: answer it, decline it for herself or for all."""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from calls import ringing
from calls.leftover import leave, waits
from calls.models import Call, CallConflict
from calls.one_talk import asking_for_other, check_free
from calls.reconciliation import ask_soon
from calls.states import Direction, State
from calls.telephony import TelephonyError
from calls.telephony.parties import parties
from calls.views.company import asking_after, company, may_be_done
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
    elif text(request, "phone") != "ringing":
        call = rung_again(request, pk)
    return JsonResponse({"call": call.data()}, status=202)


def claimed(request: HttpRequest, pk: int) -> Call:
    """Claim a call for the request's agent, and connect her with it.

    A claim of which nobody knows whether her phone rings lasts a few seconds more: if it does, the
    webhook about the ``<Dial>`` that her answer interrupted must find it.
    """
    token = token_of(request) or str(uuid.uuid4())
    call = Call.objects.claim(pk, request.user, token)
    if text(request, "phone") != "ringing":
        with asking_after(call):
            try:
                company(request).answer(call, request.user)
            except BaseException as error:
                end_claim = Call.objects.doubt_claim if may_be_done(error) else Call.objects.release
                end_claim(pk, token)
                raise
    return call


def rung_again(request: HttpRequest, pk: int) -> Call:
    """Ring the request's agent once more for a call that is handed over to her."""
    with Call.objects.change(pk) as call:
        if call.transfer_to != request.user:
            raise CallConflict("This call isn't handed over to you any more.")
        # By this the end of the ``<Dial>`` that is interrupted is known from that of the new one.
        call.rung = [*call.rung, request.user.pk]
    with asking_after(call):
        if parties(company(request).fetch(call.sid or "")).of(request.user):
            ask_soon(call)
        else:
            company(request).transfer(call, request.user)
    return call


@require_POST
@for_agents
@once
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the ringing at this agent; it rings on at the others."""
    call = ringing.decline(pk, request.user)
    with asking_after(call):
        ringing.silence(call, request.user, company(request))
    return JsonResponse({"call": call.data()}, status=202)


@require_POST
@for_agents
@once
def hang_up(request: HttpRequest, pk: int) -> HttpResponse:
    """End a call; one that rings here is rejected for all agents.

    Who hands it over, or has done so, leaves it.
    """
    with Call.objects.change(pk) as call:
        if not waits(call, request.user):
            call.check_free_for(request.user)
        if call.sid is None:
            raise CallConflict(NO_SID)
        rejects = call.direction == Direction.INBOUND and call.state == State.RINGING
        call.rejected_by = request.user if rejects else call.rejected_by
    with asking_after(call):
        try:
            if not leave(call, request.user, company(request)):
                company(request).hang_up(call)
        except TelephonyError as error:
            if rejects and not may_be_done(error):
                take_back(pk)
            raise
    return JsonResponse({"call": call.data()}, status=202)


def take_back(pk: int) -> None:
    """Note that a call wasn't rejected after all."""
    with Call.objects.change(pk) as call:
        if not call.is_over:
            call.rejected_by = None
