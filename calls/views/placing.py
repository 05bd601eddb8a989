"""Placing a call, so that no call is placed twice because an answer didn't come."""

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from calls import telephony
from calls.models import AgentStatus, Call, CallConflict
from calls.numbers import read_number
from calls.one_talk import asking_for_other, check_free
from calls.reconciliation import ask_soon, check, take_one
from calls.states import ACTIVE, Direction, State
from calls.telephony import OutcomeUnknown, Telephony, TelephonyError
from calls.views.once import once
from calls.views.requests import text

UNKNOWN = "Whether this call is being placed isn't known yet. It shows here as soon as it is."
TWICE = "You are calling {number} already."
PENDING = (
    "Whether the call to {number} is being placed isn't known yet. Wait until it is, a few seconds."
)


@once
@asking_for_other()
def place(request: HttpRequest) -> JsonResponse:
    """Place a call to the number ``to``: first at the agent's phone, then there."""
    number = read_number(text(request, "to"))
    company = telephony.get_telephony(telephony.site_url(request))
    if found := settled(request.user, number, company):
        return JsonResponse({"call": found.data()}, status=200)
    call = begun(request.user, number)
    try:
        placed = company.place(call, request.user)
    except OutcomeUnknown:
        return unknown(call)
    except TelephonyError:
        with Call.objects.change(call.pk) as failed:
            failed.fail()
        raise
    with transaction.atomic():
        Call.objects.record(placed.sid, placed.state, pk=call.pk)
        with Call.objects.change(call.pk) as named:
            named.from_number = placed.from_number
    return JsonResponse({"call": named.data()}, status=201)


def settled(agent: AbstractUser, number: str, company: Telephony) -> Call | None:
    """Ask the company for the calls of which nobody knows whether they are being placed.

    Returns the agent's call to ``number`` if it was placed. Raises ``CallConflict`` while that
    isn't known, and ``TelephonyError``.
    """
    for pk in unknown_calls(agent, number).values_list("pk", flat=True):
        now = timezone.now()
        if lease := take_one(pk, now):
            check(lease, company, now)
        call = Call.objects.listed().get(pk=pk)
        if call.sid is None and not call.is_over:
            raise CallConflict(PENDING.format(number=call.to_number))
        if (call.placed_by, call.to_number, call.is_over) == (agent, number, False):
            return call
    return None


def unknown_calls(agent: AbstractUser, number: str) -> QuerySet[Call]:
    """Return the calls of an agent or to a number that the company hasn't said that it placed."""
    same = Q(placed_by=agent) | Q(to_number=number)
    return Call.objects.filter(same, sid=None, state__in=ACTIVE)


def calls_of(agent: AbstractUser, number: str) -> QuerySet[Call]:
    """Return the calls to a number that an agent has placed, and that no other one has."""
    hers = Q(answered_by=None) | Q(answered_by=agent)
    return Call.objects.filter(hers, placed_by=agent, to_number=number, state__in=ACTIVE)


def begun(agent: AbstractUser, number: str) -> Call:
    """Commit that ``agent`` is placing a call, before the company is asked to; returns the call.

    Of requests that come together, one begins.
    """
    with transaction.atomic():
        AgentStatus.objects.select_for_update().get_or_create(user=agent)
        if pending := unknown_calls(agent, number).first():
            raise CallConflict(PENDING.format(number=pending.to_number))
        if calls_of(agent, number).exists():
            raise CallConflict(TWICE.format(number=number))
        check_free(agent)
        with Call.objects.change(created(agent, number).pk) as published:
            pass  # What is new is published.
    return published


def created(agent: AbstractUser, number: str) -> Call:
    """Return a new call, of which a constraint allows one to a number while it has no sid."""
    now = timezone.now()
    try:
        with transaction.atomic():
            return Call.objects.create(
                direction=Direction.OUTBOUND,
                to_number=number,
                state=State.QUEUED,
                placed_by=agent,
                started_at=now,
                changed_at=now,
            )
    except IntegrityError:
        raise CallConflict(PENDING.format(number=number)) from None


def unknown(call: Call) -> JsonResponse:
    """Answer that the company didn't, and have it asked; the call shows that it isn't certain."""
    with Call.objects.change(call.pk) as doubtful:
        doubtful.certain = doubtful.sid is not None
    ask_soon(call)
    return JsonResponse({"call": doubtful.data(), "unknown": UNKNOWN}, status=202)
