"""What the desk asks of any phone company."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from django.contrib.auth.models import AbstractUser

from calls.models import Call
from calls.states import State


class TelephonyError(Exception):
    """The phone company refused or didn't answer; the text is a sentence for the agent."""


class PlacedCall(NamedTuple):
    """A new outbound call that the phone company has accepted."""

    sid: str
    state: State
    from_number: str


class Telephony(Protocol):
    """A phone company. Its methods return before anything has happened; webhooks report it.

    All methods but ``ring`` raise ``TelephonyError``.
    """

    account_sid: str
    """Every webhook of this account carries it."""
    auth_token: str
    """The secret that signs the webhooks."""

    def ring(self, call: Call, agents: Iterable[AbstractUser]) -> str:
        """Ring an incoming call at the agents' phones; returns TwiML to answer the webhook."""

    def place(self, to: str, agent: AbstractUser) -> PlacedCall:
        """Call the number ``to``, and ``agent``'s phone as soon as someone answers there."""

    def answer(self, call: Call, agent: AbstractUser) -> None:
        """Connect a ringing incoming call with ``agent``'s phone alone."""

    def hang_up(self, call: Call) -> None:
        """End a call, for everybody."""
