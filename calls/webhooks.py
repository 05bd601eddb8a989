"""The phone company's webhooks: it asks what to do with a call, and reports what happened to it.

At Twilio, enter ``/calls/twilio/voice/`` for "A call comes in" and ``/calls/twilio/status/`` for
"Call status changes" of a number. The signature of each request is checked first.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from calls import ringing, voicemail
from calls.agents import agent_at
from calls.forms import RecordedForm, SignedForm, WebhookForm
from calls.leftover import end_leftover
from calls.models import Call
from calls.reconciliation import ask_unless_over
from calls.signatures import is_signed
from calls.states import FINAL, Direction
from calls.telephony import Telephony, get_telephony, site_url, twiml
from calls.telephony.dialled import after_dial
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

NAMES = ("voice", "status", "dialled", "recorded", "outgoing")
"""The webhooks that the site has."""

Webhook = Callable[[Any, Telephony], HttpResponse]


def webhook(form_class: type[SignedForm]) -> Callable[[Webhook], Callable[..., HttpResponse]]:
    """Give a view only requests that the phone company signed, as a form of ``form_class``."""

    def decorate(view: Webhook) -> Callable[[HttpRequest], HttpResponse]:
        @csrf_exempt
        @require_POST
        @wraps(view)
        def checked(request: HttpRequest) -> HttpResponse:
            company = get_telephony(site_url(request))
            if not is_signed(request, company.auth_token):
                return refused(403, "The signature is missing or wrong.")
            if request.POST.get("AccountSid") != company.account_sid:
                return refused(403, "This is not the account of this site.")
            form = form_class.of(request)
            return view(form, company) if form.is_valid() else refused(400, form.complaint())

        return checked

    return decorate


@webhook(WebhookForm)
def voice(form: WebhookForm, company: Telephony) -> HttpResponse:
    """Record an incoming call, and answer at which agents' phones it rings."""
    data = form.cleaned_data
    new = {**form.new_call(), **ringing.first_round()}
    call = Call.objects.record(data["CallSid"], data["CallStatus"], **new)
    return twiml_response(ringing.begin(call, company))


@webhook(WebhookForm)
def status(form: WebhookForm, company: Telephony) -> HttpResponse:
    """Record the new state of a call, or of its leg to one agent's phone."""
    data = form.cleaned_data
    call = Call.objects.record(
        data["CallSid"],
        data["CallStatus"],
        parent=own_leg(data),
        pk=data["call"],
        agent=agent_at(data["To"]),
        address=data["To"],
        sequence=data["SequenceNumber"],
        duration=data["CallDuration"],
        at=data["Timestamp"],
        **form.new_call(),
    )
    if call:
        end_leftover(call, company)
    return HttpResponse(status=204)


@webhook(WebhookForm)
def dialled(form: WebhookForm, company: Telephony) -> HttpResponse:
    """Answer how a leg goes on whose ``<Dial>`` has ended."""
    data = form.cleaned_data
    call = form.known_call()
    if call is None or call.is_over or data["CallStatus"] in FINAL:
        return twiml_response(twiml.nothing())
    ask_unless_over(call)
    if call.conference:
        return twiml_response(after_dial(call, data, company))
    if call.direction == Direction.OUTBOUND:
        return twiml_response(twiml.nothing())
    return twiml_response(ringing.go_on(call.pk, form.dial(), company))


@webhook(RecordedForm)
def recorded(form: RecordedForm, company: Telephony) -> HttpResponse:
    """Keep a voice message, and thank for it."""
    data, call = form.cleaned_data, form.known_call()
    if call:
        voicemail.keep(
            call,
            recording=data["RecordingSid"],
            url=data["RecordingUrl"],
            seconds=data["RecordingDuration"],
        )
    return twiml_response(twiml.say_and_hang_up(twiml.THANKS))


@webhook(WebhookForm)
def outgoing(form: WebhookForm, company: Telephony) -> HttpResponse:
    """Answer a phone that calls by itself; the desk places its calls in another way."""
    logger.warning("outgoing call refused sid=%s", form.cleaned_data["CallSid"])
    return twiml_response(twiml.say_and_hang_up(twiml.USE_THE_DESK))


def twiml_response(document: str) -> HttpResponse:
    return HttpResponse(document, content_type="text/xml")


def own_leg(data: dict[str, Any]) -> str:
    """Return the sid of the own leg of a child leg's call, "" if it is the own leg itself.

    Who is transferred dials from a leg that may be a child leg, too; the address names the call.
    """
    if not data["ParentCallSid"]:
        return ""
    call = Call.objects.filter(pk=data["call"]).first()
    return (call and call.sid) or data["ParentCallSid"]


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """Answer what isn't the address of a webhook, and say which are."""
    addresses = " ".join(reverse(f"twilio_{name}") for name in NAMES)
    logger.warning(
        "webhook refused status=404 path=%s addresses=%s",
        request.path[:100],
        addresses,
        extra=LIMITED,
    )
    return HttpResponse(f"The addresses are {addresses}\n", content_type="text/plain", status=404)


def refused(status: int, reason: str) -> HttpResponse:
    """Refuse a webhook, and say why."""
    logger.warning("webhook refused status=%d reason=%s", status, reason, extra=LIMITED)
    return HttpResponse(f"{reason}\n", content_type="text/plain", status=status)
