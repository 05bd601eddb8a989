"""What the desk asks of a phone company, whichever it is."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from django.contrib.auth.models import AbstractUser

from calls.models import Call
from calls.states import State


class TelephonyError(Exception):
    """The phone company refuses or doesn't answer; the text is a sentence for the agent."""


class PlacedCall(NamedTuple):
    """A new outbound call, as the phone company took it on."""

    sid: str
    state: State
    from_number: str


class Telephony(Protocol):
    """A phone company. Its methods return before anything has happened: webhooks tell the rest.

    All of them but ``ring`` raise ``TelephonyError``.
    """

    account_sid: str
    """Stands in every webhook of this account."""
    auth_token: str
    """The secret with which the webhooks are signed."""

    def ring(self, call: Call, agents: Iterable[AbstractUser]) -> str:
        """Let an incoming call ring at the agents' phones; returns TwiML, the webhook's answer."""

    def place(self, to: str, agent: AbstractUser) -> PlacedCall:
        """Call the number ``to``, and ``agent``'s phone as soon as someone picks up there."""

    def answer(self, call: Call, agent: AbstractUser) -> None:
        """Connect a ringing incoming call with ``agent``'s phone, and with no other."""

    def hang_up(self, call: Call) -> None:
        """End a call, for everybody."""
