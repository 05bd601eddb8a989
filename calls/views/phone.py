"""What an agent's phone in the browser needs: which kind it is, and the token it logs in with."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from calls.agents import identity
from calls.telephony import is_simulated
from calls.views.requests import for_agents

LIFE = 3600
"""Seconds that a token is good for; Twilio's maximum is a day
(https://www.twilio.com/docs/iam/access-tokens). The page renews it."""


@require_GET
@never_cache
@for_agents
def phone(request: HttpRequest) -> JsonResponse:
    """Return the kind of the agent's phone, with a token if it is Twilio's.

    Without a key for tokens the agents' phones are elsewhere: any softphone that registers under
    the agent's identity.
    """
    if is_simulated():
        return JsonResponse({"kind": "stand-in"})
    name = identity(request.user)
    if not settings.TWILIO_API_KEY:
        return JsonResponse({"kind": "elsewhere", "identity": name})
    return JsonResponse({"kind": "twilio", "token": token(name), "identity": name, "seconds": LIFE})


def token(name: str) -> str:
    """Return an access token for the phone with an identity, which may call and be called."""
    access = AccessToken(
        settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_API_KEY,
        settings.TWILIO_API_SECRET,
        identity=name,
        ttl=LIFE,
    )
    grant = VoiceGrant(incoming_allow=True, outgoing_application_sid=settings.TWILIO_APP_SID)
    access.add_grant(grant)
    return str(access.to_jwt())
