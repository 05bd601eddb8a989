"""The TwiML that makes agents' phones ring."""

from collections.abc import Iterable
from itertools import islice

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from twilio.twiml.voice_response import VoiceResponse

from calls.states import RING_SECONDS

MAX_CLIENTS = 10
"""``<Dial>`` takes at most ten ``<Client>`` (https://www.twilio.com/docs/voice/twiml/client)."""


def status_url(site: str) -> str:
    """Return the address at ``site`` for status callbacks."""
    return site + reverse("twilio_status")


def dial(agents: Iterable[AbstractUser], site: str) -> str:
    """Return TwiML that rings the agents' phones; the first to answer gets the call.

    It has no ``answerOnBridge``: then Twilio doesn't pick up, and can't redirect the caller to the
    agent who presses Answer (https://www.twilio.com/docs/api/errors/21220).
    """
    response = VoiceResponse()
    clients = list(islice(agents, MAX_CLIENTS))
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
