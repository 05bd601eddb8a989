"""Whether the phone company signed a webhook.

Twilio signs the address that it was given, with all parameters
(https://www.twilio.com/docs/usage/security#validating-requests).
"""

from collections.abc import Iterator
from itertools import product

from django.conf import settings
from django.http import HttpRequest
from twilio.request_validator import RequestValidator

from calls.telephony.twiml import OVERRIDES


def is_signed(request: HttpRequest, auth_token: str) -> bool:
    """Say whether the phone company signed this request."""
    validator = RequestValidator(auth_token)
    signature = request.headers.get("X-Twilio-Signature", "")
    try:
        return any(validator.validate(url, request.POST, signature) for url in signed_urls(request))
    except ValueError:  # The Host header has an invalid port.
        return False


def signed_urls(request: HttpRequest) -> Iterator[str]:
    """Yield the addresses by which Twilio may know the one that was requested.

    The validator tries each with its port and without. Whether a fragment is signed isn't
    documented, and those who checked differ, so the address counts with ours and without: a server
    doesn't get the fragment, and can't know others. Behind a proxy that ends TLS without saying so,
    the scheme is another one.
    """
    sites = [settings.PUBLIC_URL]
    if not settings.PUBLIC_URL:
        sites = [f"{scheme}://{request.get_host()}" for scheme in ("https", "http")]
    for site, fragment in product(sites, ("", OVERRIDES)):
        yield site + request.get_full_path() + fragment
