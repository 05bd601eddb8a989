"""What the desk asks of any phone company."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from django.contrib.auth.models import AbstractUser

from calls.models import Call
from calls.states import State


class TelephonyError(Exception):
    """The phone company didn't do it, or may not have; the text is a sentence for the agent."""


class Refused(TelephonyError):
    """It wasn't done; the phone company said so."""


class CallOver(Refused):
    """It wasn't done, because the call is not connected any more."""


class CallTaken(Refused):
    """It wasn't done, because it would have cut a conversation that isn't known here yet."""


class NoSuchCall(Refused):
    """The phone company doesn't know the call."""


class NotAsked(Refused):
    """It wasn't done, because the phone company could not be asked first."""


class OutcomeUnknown(TelephonyError):
    """The phone company didn't answer, or not in a way that says what it did."""


class PlacedCall(NamedTuple):
    """A new outbound call that the phone company has accepted."""

    sid: str
    state: State
    from_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the phone company answers about one leg; a call is its own leg with those it dialled.

    ``parent`` is the sid of the leg that dialled this one, "" for a call's own leg. ``direction``
    is ``inbound``, ``outbound-api`` (placed by the site) or ``outbound-dial`` (dialled by its
    parent). A phone's address is ``client:agent_<pk>``. ``duration`` is in seconds. None is a time
    that hasn't come or that the company doesn't say.
    """

    sid: str
    parent: str = ""
    state: State
    direction: str = ""
    from_number: str = ""
    to_number: str = ""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration: int | None = None
    legs: tuple["Report", ...] = ()

    def all(self) -> Iterable["Report"]:
        """Yield the leg itself and all that came of it, parents first."""
        yield self
        for leg in self.legs:
            yield from leg.all()


class Recording(NamedTuple):
    """A voice message."""

    content: bytes
    content_type: str


class VoiceMessage(NamedTuple):
    """What the company says of a voice message; ``seconds`` is None while it doesn't say it."""

    recording: str
    url: str
    seconds: int | None


class Telephony(Protocol):
    """A phone company. Its methods return before anything has happened; webhooks report it.

    Those that ask it something or have it do something raise ``TelephonyError``, and no other
    exception, whatever the company answers.
    """

    account_sid: str
    """Every webhook of this account carries it."""
    auth_token: str
    """The secret that signs the webhooks."""

    def ring(self, call: Call, agents: Iterable[AbstractUser]) -> str:
        """Ring an incoming call at the agents' phones, at most ten; returns TwiML to answer with.

        Without agents the caller may leave a message.
        """

    def resume(self, call: Call, leg: str) -> str:
        """Return TwiML for the leg with the sid ``leg``, whose ``<Dial>`` ended as ``call`` moved.

        A customer who is held hears music; one who is transferred rings at ``call.transfer_to``.
        All others meet in the call's conference.
        """

    def place(self, call: Call, agent: AbstractUser) -> PlacedCall:
        """Call ``agent``'s phone, and the number ``call.to_number`` when it is picked up."""

    def answer(self, call: Call, agent: AbstractUser) -> None:
        """Connect a ringing incoming call with ``agent``'s phone alone.

        The company is asked first who has the call: a conversation is never cut. Raises
        ``CallTaken`` if another agent talks.
        """

    def hang_up(self, call: Call) -> None:
        """End a call, for everybody.

        Raises ``CallTaken`` for an incoming one that rings here, if an agent talks. If nobody can
        ask the company who is connected, the known legs of any other are ended.
        """

    def end_leg(self, sid: str) -> None:
        """End one leg."""

    def cancel_leg(self, sid: str) -> None:
        """Stop a phone that rings. Raises ``CallTaken`` if it was picked up."""

    def hold(self, call: Call, on: bool) -> None:
        """Let the customer wait with music, or talk with the agent again.

        ``call.held`` and ``call.conference`` are committed before, because webhooks read them.
        """

    def transfer(self, call: Call, agent: AbstractUser) -> None:
        """Ring ``agent``'s phone for the customer, while the agent who has the call waits.

        ``call.transfer_to`` and ``call.conference`` are committed before.
        """

    def fetch(self, sid: str) -> Report:
        """Return what is true of a call and its legs now. Raises ``NoSuchCall``."""

    def placed_since(self, agent: AbstractUser, instant: datetime) -> list[Report]:
        """Return the calls placed to ``agent``'s phone since ``instant``, newest first."""

    def messages(self, sid: str) -> list[VoiceMessage]:
        """Return what callers said in a call, the oldest first."""

    def recording(self, url: str) -> Recording:
        """Return the voice message at the address that a webhook gave."""
