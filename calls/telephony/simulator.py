"""The simulated phone company: Twilio, but for the line to it, which is a function call.

So what the site asks of Twilio and makes of its answers is the same code. The company itself, and
what it does, is the app ``calls.simulator``.
"""

import json
from typing import Any

from django.utils import timezone

from calls.simulator import api, incoming
from calls.simulator.account import ACCOUNT_SID, CALLER, OUR_NUMBER, auth_token
from calls.simulator.incoming import SiteFailed
from calls.simulator.recordings import API
from calls.telephony import answers, twiml
from calls.telephony.interface import OutcomeUnknown, TelephonyError
from calls.telephony.rest import Rest
from calls.telephony.twilio import Twilio

__all__ = ["CALLER", "Simulator"]


class SimulatedRest(Rest):
    """The simulated company's REST API."""

    def _answer(self, method: str, url: str, **options: Any) -> tuple[int, bytes, str]:
        path = url.removeprefix(f"{self._account}/").removesuffix(".json")
        fields = options.get("params") or options.get("data") or {}
        try:
            status, body = api.answer(method, path, fields, timezone.now())
        except api.NoAnswer as error:
            raise OutcomeUnknown(answers.NO_ANSWER) from error
        if isinstance(body, bytes):
            return status, body, "audio/wav"
        return status, json.dumps(body).encode(), "application/json"


class Simulator(Twilio):
    """The simulated company; ``site`` is the base URL that its webhooks go to."""

    def __init__(self, site: str) -> None:
        rest = SimulatedRest(API, ACCOUNT_SID, auth_token())
        super().__init__(site.rstrip("/"), rest, OUR_NUMBER)

    def call_in(self, from_number: str) -> str:
        """Simulate an incoming call; returns its sid after the site has accepted the webhook.

        Raises ``TelephonyError``.
        """
        try:
            return incoming.call_in_here(from_number, **self._webhooks(), now=timezone.now()).sid
        except SiteFailed as error:
            raise TelephonyError(f"The site at {self._site} took no call: {error}.") from error

    def call_in_soon(self, from_number: str) -> str:
        """Simulate an incoming call, which a server of the site gets soon; returns its sid."""
        return incoming.call_in(from_number, **self._webhooks(), now=timezone.now()).sid

    def _webhooks(self) -> dict[str, str]:
        return {
            "voice": twiml.webhook_url(self._site, "voice"),
            "status": twiml.status_url(self._site),
        }
