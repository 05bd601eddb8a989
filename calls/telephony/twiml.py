"""The TwiML that makes agents' phones ring."""

from collections.abc import Iterable
from itertools import islice

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from twilio.twiml.voice_response import VoiceResponse

RING_SECONDS = 30
"""How long phones ring before the call is given up: Twilio's own default for ``<Dial>``."""

MOST_CLIENTS = 10
"""``<Dial>`` takes no more ``<Client>`` (https://www.twilio.com/docs/voice/twiml/client)."""


def status_url(site: str) -> str:
    """Return the address at ``site`` that takes status callbacks."""
    return site + reverse("twilio_status")


def dial(agents: Iterable[AbstractUser], site: str) -> str:
    """Return TwiML that rings the agents' phones, the first to answer gets the call.

    No ``answerOnBridge``: a caller whose call Twilio hasn't picked up can't be redirected to the
    one agent who presses Answer (https://www.twilio.com/docs/api/errors/21220).
    """
    response = VoiceResponse()
    clients = list(islice(agents, MOST_CLIENTS))
    if not clients:
        response.reject(reason="busy")
        return str(response)
    ringing = response.dial(timeout=RING_SECONDS)
    for agent in clients:
        ringing.client(
            agent.get_username(),
            status_callback=status_url(site),
            status_callback_event="answered",
            status_callback_method="POST",
        )
    return str(response)
