"""Twilio, through its REST API."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import requests
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from calls.models import Call
from calls.states import RING_SECONDS, State
from calls.telephony.interface import PlacedCall, TelephonyError
from calls.telephony.twiml import dial, status_url
from realtime.logs import get_logger

logger = get_logger(__name__)

TIMEOUT = 5.0
"""Seconds for a request. Under ASGI all sync views of a process wait while one of them does."""

UNKNOWN = "Twilio didn't answer. Whether that was done isn't known until the calls here show it."

EVENTS = ["initiated", "ringing", "answered", "completed"]
"""All events that Twilio reports of an outbound call
(https://www.twilio.com/docs/voice/api/call-resource)."""


class Twilio:
    """The account in the settings; ``site`` is the base URL that Twilio's webhooks go to."""

    def __init__(self, site: str) -> None:
        self.account_sid = settings.TWILIO_ACCOUNT_SID
        self.auth_token = settings.TWILIO_AUTH_TOKEN
        self._site = site

    def ring(self, call: Call, agents: Iterable[AbstractUser]) -> str:
        return dial(agents, self._site)

    def place(self, to: str, agent: AbstractUser) -> PlacedCall:
        if not settings.TWILIO_NUMBER:
            raise TelephonyError(
                "No call can be placed: TWILIO_NUMBER, the number to call from, isn't set."
            )
        with self._calls() as calls:
            placed = calls.create(
                to=to,
                from_=settings.TWILIO_NUMBER,
                twiml=dial([agent], self._site),
                timeout=RING_SECONDS,
                status_callback=status_url(self._site),
                status_callback_event=EVENTS,
            )
        return PlacedCall(placed.sid, State(placed.status), settings.TWILIO_NUMBER)

    def answer(self, call: Call, agent: AbstractUser) -> None:
        with self._calls() as calls:
            calls(call.sid).update(twiml=dial([agent], self._site))

    def hang_up(self, call: Call) -> None:
        # `canceled` would not end a call that was answered meanwhile; `completed` always does.
        with self._calls() as calls:
            calls(call.sid).update(status="completed")

    @contextmanager
    def _calls(self) -> Iterator:
        client = TwilioHttpClient(timeout=TIMEOUT)
        try:
            yield Client(self.account_sid, self.auth_token, http_client=client).calls
        except TwilioRestException as error:
            logger.error("twilio refused status=%s code=%s", error.status, error.code)
            raise TelephonyError(f"Twilio refused: {error.msg}") from error
        except (TwilioException, requests.RequestException) as error:
            logger.error("twilio unreachable error=%r", error)
            raise TelephonyError(UNKNOWN) from error
