"""The TwiML that the site answers with, and the addresses in it.

Why a call is dialled first and becomes a conference later stands in docs/twilio.md.
"""

from collections.abc import Iterable
from itertools import islice

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils.http import urlencode
from twilio.twiml.voice_response import VoiceResponse

from calls.agents import identity
from calls.models import Call
from calls.rounds import ROUND_SIZE
from calls.states import RING_SECONDS

MESSAGE_SECONDS = 120
"""The longest voice message, in seconds."""

OVERRIDES = "#rc=5&rp=all"
"""Has Twilio try a webhook up to five times more, whatever went wrong with it, within 15 seconds.

Otherwise it tries once more, and only if it couldn't connect
(https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)."""

EVENTS = ("initiated", "ringing", "answered", "completed")
"""All events that Twilio reports of a leg
(https://www.twilio.com/docs/voice/twiml/client#statuscallbackevent)."""

HOLD_MUSIC = "http://com.twilio.sounds.music.s3.amazonaws.com/MARKOVICHAMP-Borghestral.mp3"
"""A piece of the music that Twilio itself plays to those who wait for a conference
(https://www.twilio.com/docs/voice/twiml/conference#attributes-waiturl)."""

NOBODY = (
    "Nobody can take your call now. Please leave a message after the tone, "
    "and hang up when you have finished."
)
THANKS = "Thank you. Goodbye."
USE_THE_DESK = "Please place calls at your desk."


def webhook_url(site: str, name: str, call: Call | None = None, **about: object) -> str:
    """Return the address of a webhook at ``site``, as Twilio is to have it.

    It names the call, because what Twilio says of a leg isn't always enough to know it: a placed
    call may report before its sid has come back, and after a transfer a leg's parent is a leg.
    ``about`` goes into its query, too.
    """
    query = {"call": call.pk, **about} if call and call.pk else about
    question = f"?{urlencode(query)}" if query else ""
    return site + reverse(f"twilio_{name}") + question + OVERRIDES


def status_url(site: str, call: Call | None = None) -> str:
    """Return the address at ``site`` for status callbacks."""
    return webhook_url(site, "status", call)


def ring(call: Call, agents: Iterable[AbstractUser], site: str) -> str:
    """Return TwiML that rings the agents' phones; the first to answer gets the call.

    It has no ``answerOnBridge``: then Twilio doesn't pick up, and can't redirect the caller to the
    agent who presses Answer (https://www.twilio.com/docs/api/errors/21220).
    """
    response = VoiceResponse()
    # A Dial that was interrupted ends as one that nobody answered; by these, the site knows which.
    action = webhook_url(site, "dialled", call, called=len(call.rung), claim=call.claim)
    dialled = response.dial(timeout=RING_SECONDS, action=action)
    for agent in islice(agents, ROUND_SIZE):
        client = dialled.client(**_reports(call, site))
        client.identity(identity(agent))
        client.parameter(name="call", value=str(call.pk))
    return str(response)


def dial_customer(call: Call, caller: str, site: str) -> str:
    """Return TwiML that calls the customer for the agent who has picked up.

    ``caller`` is the number that the customer sees.
    """
    response = VoiceResponse()
    action = webhook_url(site, "dialled", call)
    dialled = response.dial(timeout=RING_SECONDS, action=action, caller_id=caller)
    dialled.number(call.to_number, **_reports(call, site))
    return str(response)


def message(call: Call, site: str) -> str:
    """Return TwiML that asks for a voice message."""
    response = VoiceResponse()
    response.say(NOBODY)
    response.record(
        action=webhook_url(site, "recorded", call),
        max_length=MESSAGE_SECONDS,
        recording_status_callback=webhook_url(site, "recorded", call),
        recording_status_callback_event="completed",
        play_beep=True,
    )
    return str(response)


def say_and_hang_up(sentence: str) -> str:
    """Return TwiML that says a sentence and ends the call."""
    response = VoiceResponse()
    response.say(sentence)
    response.hangup()
    return str(response)


def conference(call: Call, *, customer: bool) -> str:
    """Return TwiML with which a customer and an agent meet in the call's conference.

    It ends for both when one of them hangs up. The ``<Dial>`` has no ``action``, so the leg ends
    with it. An agent who waits alone hears nothing, which is what an empty ``waitUrl`` does.
    """
    response = VoiceResponse()
    waiting = {} if customer else {"wait_url": ""}
    response.dial().conference(
        conference_name(call),
        beep="false",
        start_conference_on_enter=True,
        end_conference_on_exit=True,
        **waiting,
    )
    return str(response)


def conference_name(call: Call) -> str:
    """Return the name of the call's conference, which must not give away anything of a person."""
    return f"call-{call.pk}"


def hold_music() -> str:
    """Return TwiML that plays music until the leg is called back."""
    response = VoiceResponse()
    response.play(HOLD_MUSIC, loop=0)
    return str(response)


def nothing() -> str:
    """Return TwiML without a verb: a leg that carries it out ends, others go on as they were."""
    return str(VoiceResponse())


def _reports(call: Call, site: str) -> dict[str, str]:
    return {
        "status_callback": status_url(site, call),
        "status_callback_event": " ".join(EVENTS),
        "status_callback_method": "POST",
    }
