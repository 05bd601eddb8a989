"""What the demo adds to Django's middleware: it answers only its own machine, and has a policy."""

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from project.exposure import is_this_machine

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "connect-src 'self'{connect}; media-src 'self'{media}"
)

TWILIO = {
    "connect": (
        " https://eventgw.twilio.com wss://voice-js.roaming.twilio.com"
        " https://media.twiliocdn.com https://sdk.twilio.com"
    ),
    "media": " mediastream: https://media.twiliocdn.com https://sdk.twilio.com",
}
"""What phones in the browser need besides, as the README of ``@twilio/voice-sdk`` lists it. Its
scripts aren't among that, because the site serves them itself."""

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""Headers with which a proxy or tunnel says that the request came from elsewhere."""

NOT_AT_HOME = (
    "This demo is set up for the machine that it runs on. To let others reach it, set PUBLIC_URL "
    "and SECRET_KEY.\n"
)


class OnlyThisMachine(MiddlewareMixin):
    """At home, refuses requests from elsewhere, whatever address the server listens on.

    The demo's users have a password that everybody knows, and errors show settings.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if not settings.AT_HOME or _is_from_here(request):
            return None
        return HttpResponse(NOT_AT_HOME, content_type="text/plain", status=403)


class ContentSecurityPolicy(MiddlewareMixin):
    """Lets a page load from its own site alone, but for its phone, and be framed nowhere."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        # With DEBUG those are Django's pages for developers, which have styles of their own.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers.setdefault("Content-Security-Policy", policy())
        return response


def policy() -> str:
    """Return the policy; Twilio's hosts are in it where agents' phones are Twilio's."""
    return POLICY.format_map(TWILIO if settings.TWILIO_API_KEY else {"connect": "", "media": ""})


def _is_from_here(request: HttpRequest) -> bool:
    try:
        request.get_host()
    except DisallowedHost:
        return False
    here = is_this_machine(request.META.get("REMOTE_ADDR", ""))
    return here and not any(name in request.headers for name in FORWARDED)
