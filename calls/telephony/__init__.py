"""The phone company: Twilio where an account is configured, else a simulated one."""

from django.conf import settings
from django.http import HttpRequest

from calls.telephony.interface import (
    CallOver,
    CallTaken,
    NoSuchCall,
    NotAsked,
    OutcomeUnknown,
    PlacedCall,
    Recording,
    Refused,
    Report,
    Telephony,
    TelephonyError,
    VoiceMessage,
)
from calls.telephony.simulator import Simulator
from calls.telephony.twilio import Twilio

__all__ = [
    "CallOver",
    "CallTaken",
    "NoSuchCall",
    "NotAsked",
    "OutcomeUnknown",
    "PlacedCall",
    "Recording",
    "Refused",
    "Report",
    "Telephony",
    "TelephonyError",
    "VoiceMessage",
    "get_telephony",
    "is_simulated",
    "own_url",
    "site_url",
]


def is_simulated() -> bool:
    """Say whether the phone company is the simulator."""
    return not settings.TWILIO_ACCOUNT_SID


def get_telephony(site: str) -> Telephony:
    """Return the phone company; it calls the webhooks at the base URL ``site``."""
    return (Simulator if is_simulated() else Twilio)(site)


def site_url(request: HttpRequest) -> str:
    """Return this site's address for the phone company: ``PUBLIC_URL``, or that of ``request``.

    Behind a proxy that ends TLS, the request has the right address only with Django's settings
    ``SECURE_PROXY_SSL_HEADER`` and ``USE_X_FORWARDED_HOST``.
    """
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


def own_url() -> str:
    """Return this site's address where no request says it: ``PUBLIC_URL``, or host and port."""
    return settings.PUBLIC_URL or f"http://{settings.HOST}:{settings.PORT}"
