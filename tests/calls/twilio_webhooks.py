"""Webhooks as Twilio sends them."""

from email.utils import format_datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from twilio.request_validator import RequestValidator

from calls.agents import phone

ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "12345"
CALL_SID = "CA0000000000000000000000000000001a"
VOICE = "/calls/twilio/voice/"
STATUS = "/calls/twilio/status/"


def sign(url: str, form: dict[str, str], token: str = AUTH_TOKEN) -> str:
    return RequestValidator(token).compute_signature(url, form)


def event(state: str, sequence: int | None = None, **fields: str) -> dict[str, str]:
    """Return a status callback of an incoming call; ``fields`` replace or add to its own."""
    form = {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": CALL_SID,
        "CallStatus": state,
        "CallbackSource": "call-progress-events",
        "Direction": "inbound",
        "From": "+15550100123",
        "Timestamp": format_datetime(timezone.now()),
        "To": "+15550100000",
    }
    if sequence is not None:
        form["SequenceNumber"] = str(sequence)
    return {**form, **fields}


def leg_sid(username: str) -> str:
    """Return the sid of the leg to an agent's phone."""
    return f"CA{username:0>32}"


class Poster:
    """Sends signed webhooks through a test client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def post(self, path: str, form: dict[str, str], **extra: Any) -> Any:
        signature = sign(f"http://testserver{path}", form)
        return self._client.post(path, form, headers={"X-Twilio-Signature": signature}, **extra)

    def voice(self, **fields: str) -> Any:
        form = event("ringing", **fields)
        del form["CallbackSource"], form["Timestamp"]
        return self.post(VOICE, form)

    def status(self, state: str, sequence: int | None = None, **fields: str) -> Any:
        return self.post(STATUS, event(state, sequence, **fields))

    def leg(self, username: str, state: str, sequence: int) -> Any:
        """Send a new state of the leg to an agent's phone."""
        return self.status(
            state,
            sequence,
            CallSid=leg_sid(username),
            ParentCallSid=CALL_SID,
            Direction="outbound-dial",
            To=phone(get_user_model().objects.get(username=username)),
        )
