"""The phone company's webhooks: it asks what to do with a call, and reports what happened to it.

At Twilio, enter ``/calls/twilio/voice/`` for "A call comes in" and ``/calls/twilio/status/`` for
"Call status changes" of a number. The signature of each request is checked first, see
https://www.twilio.com/docs/usage/security#validating-requests.
"""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator

from calls.agents import agent_at, agents
from calls.forms import WebhookForm
from calls.models import Call
from calls.telephony import Telephony, get_telephony
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

Webhook = Callable[[WebhookForm, Telephony], HttpResponse]


def webhook(view: Webhook) -> Callable[[HttpRequest], HttpResponse]:
    """Give ``view`` only requests that the phone company signed and that are complete."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        company = get_telephony(request)
        if not is_signed(request, company.auth_token):
            return refused(403, "The signature is missing or wrong.")
        if request.POST.get("AccountSid") != company.account_sid:
            return refused(403, "This is not the account of this site.")
        form = WebhookForm(request.POST)
        if not form.is_valid():
            return refused(400, form.complaint())
        return view(form, company)

    return checked


@webhook
def voice(form: WebhookForm, company: Telephony) -> HttpResponse:
    """Record an incoming call, and answer that it rings at all agents' phones."""
    data = form.cleaned_data
    call = Call.objects.record(data["CallSid"], data["CallStatus"], **form.new_call())
    return HttpResponse(company.ring(call, agents()), content_type="text/xml")


@webhook
def status(form: WebhookForm, company: Telephony) -> HttpResponse:
    """Record the new state of a call, or of its leg to one agent's phone."""
    data = form.cleaned_data
    Call.objects.record(
        data["CallSid"],
        data["CallStatus"],
        parent=data["ParentCallSid"],
        agent=agent_at(data["To"]),
        address=data["To"],
        sequence=data["SequenceNumber"],
        duration=data["CallDuration"],
        **form.new_call(),
    )
    return HttpResponse(status=204)


def is_signed(request: HttpRequest, auth_token: str) -> bool:
    """Say whether the phone company signed this request; it signs the URL that it knows."""
    if settings.PUBLIC_URL:
        url = settings.PUBLIC_URL + request.get_full_path()
    else:
        url = request.build_absolute_uri()
    signature = request.headers.get("X-Twilio-Signature", "")
    try:
        return RequestValidator(auth_token).validate(url, request.POST, signature)
    except ValueError:  # The Host header has an invalid port.
        return False


def refused(status: int, reason: str) -> HttpResponse:
    """Refuse a webhook, and say why."""
    logger.warning("webhook refused status=%d reason=%s", status, reason, extra=LIMITED)
    return HttpResponse(f"{reason}\n", content_type="text/plain", status=status)
