"""A simulated phone company: it POSTs the same signed webhooks over HTTP as Twilio.

It reads everything that it needs from the call's row, so that any process can continue any call.
It sends from threads: under ASGI a process runs all its sync views on one thread, and a view that
waited for a webhook to its own site would wait for itself.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from email.utils import format_datetime
from typing import Any

import requests
from django.contrib.auth.models import AbstractUser
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from twilio.request_validator import RequestValidator

from calls.agents import phone
from calls.models import Call
from calls.states import RING_SECONDS, Direction, State, refusal
from calls.telephony import twiml
from calls.telephony.interface import PlacedCall, TelephonyError
from realtime.logs import get_logger

logger = get_logger(__name__)

Step = tuple[float, State]
"""Seconds to wait, and the state that the call then enters."""

CALLER = "+15550100123"
OUR_NUMBER = "+15550100000"
OUTGOING: list[Step] = [
    (1.0, State.INITIATED),
    (1.0, State.RINGING),
    (3.0, State.IN_PROGRESS),
]
UNANSWERED: list[Step] = [(RING_SECONDS, State.NO_ANSWER)]
TIMEOUT = 10.0  # seconds for the site to take a webhook


class Simulator:
    """The simulated company; ``site`` is the base URL that its webhooks go to."""

    account_sid = f"AC{0:032}"

    def __init__(self, site: str) -> None:
        self.auth_token = salted_hmac(
            "calls.telephony.simulator", "auth token", algorithm="sha256"
        ).hexdigest()
        self._site = site.rstrip("/")

    def call_in(self, from_number: str) -> str:
        """Simulate an incoming call; returns its sid after the site accepted the webhook.

        Raises ``TelephonyError``.
        """
        sid = new_sid()
        leg = self._leg(sid, State.RINGING, "inbound", from_number, OUR_NUMBER)
        self._post(self._site + reverse("twilio_voice"), leg)
        return sid

    def ring(self, call: Call, agents: Iterable[AbstractUser]) -> str:
        in_background(self.play, call.sid, UNANSWERED)
        return twiml.ring(call, agents, self._site)

    def place(self, call: Call, agent: AbstractUser) -> PlacedCall:
        sid = new_sid()
        in_background(self.play, sid, OUTGOING)
        return PlacedCall(sid, State.QUEUED, OUR_NUMBER)

    def answer(self, call: Call, agent: AbstractUser) -> None:
        in_background(self._pick_up, call, agent)

    def hang_up(self, call: Call) -> None:
        # Twilio's list of states has `canceled` for calls that were "queued or ringing".
        answered = call.state == State.IN_PROGRESS
        in_background(self.play, call.sid, [(0, State.COMPLETED if answered else State.CANCELED)])

    def play(self, sid: str, steps: Iterable[Step]) -> None:
        """Move a call through ``steps``; stop if it has entered another state meanwhile.

        Raises ``TelephonyError``.
        """
        for delay, state in steps:
            time.sleep(delay)
            call = Call.objects.get(sid=sid)
            if refusal(State(call.state), state):
                return
            self._report(call, state)

    def _report(self, call: Call, state: State) -> None:
        inbound = call.direction == Direction.INBOUND
        direction = "inbound" if inbound else "outbound-api"
        event = self._leg(call.sid, state, direction, call.from_number, call.to_number)
        if state == State.COMPLETED and call.answered_at:
            event["CallDuration"] = str(round((timezone.now() - call.answered_at).total_seconds()))
        self._post_status(event, sequence=0 if call.sequence is None else call.sequence + 1)

    def _pick_up(self, call: Call, agent: AbstractUser) -> None:
        leg = self._leg(
            new_sid(), State.IN_PROGRESS, "outbound-dial", call.from_number, phone(agent)
        )
        # A leg numbers its own events: 0 when the phone was called, 1 when it rang.
        self._post_status({**leg, "ParentCallSid": call.sid}, sequence=2)

    def _leg(self, sid: str, state: State, direction: str, from_: str, to: str) -> dict[str, str]:
        return {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": sid,
            "CallStatus": state,
            "Called": to,
            "Caller": from_,
            "Direction": direction,
            "From": from_,
            "To": to,
        }

    def _post_status(self, event: dict[str, str], *, sequence: int) -> None:
        about = {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
            "Timestamp": format_datetime(timezone.now()),
        }
        self._post(twiml.status_url(self._site), {**event, **about})

    def _post(self, url: str, form: dict[str, str]) -> None:
        signature = RequestValidator(self.auth_token).compute_signature(url, form)
        try:
            with requests.Session() as session:
                session.trust_env = False  # A proxy for outgoing requests can't find this site.
                response = session.post(
                    url,
                    form,
                    headers={"X-Twilio-Signature": signature},
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            reason = type(error).__name__
            raise TelephonyError(
                f"The site at {self._site} can't be reached ({reason})."
            ) from error
        if response.status_code >= 300:
            reason = f"{response.status_code} {response.reason}"
            raise TelephonyError(f"The site at {self._site} refused the webhook: {reason}.")


def new_sid() -> str:
    """Return a call's sid of Twilio's form."""
    return f"CA{secrets.token_hex(16)}"


def in_background(function: Callable[..., Any], *arguments: Any) -> None:
    """Run ``function`` in a thread of its own, and log what failed in it."""

    def run() -> None:
        try:
            function(*arguments)
        except (TelephonyError, DatabaseError, Call.DoesNotExist) as error:
            logger.error("simulator failed doing=%s error=%s", function.__name__, error)
        finally:
            connection.close()  # Each thread has its own.

    threading.Thread(target=run, name="simulator", daemon=True).start()
