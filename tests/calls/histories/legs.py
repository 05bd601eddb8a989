"""A leg at the phone company, and what it is doing."""

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring

FINAL = {"completed", "busy", "failed", "no-answer", "canceled"}
CLIENT = "client:"


@dataclass
class Dialling:
    """It rings others, or is connected with the one of them that is up."""

    children: list["Leg"]
    action: str
    until: datetime


@dataclass
class InConference:
    name: str


@dataclass
class Recording:
    action: str
    callback: str
    since: datetime
    until: datetime


@dataclass
class Waiting:
    """It hears music until somebody calls it back."""


@dataclass
class Leg:
    """One leg. ``state`` is in Twilio's words; ``callback`` is where its states are reported."""

    sid: str
    direction: str
    from_: str
    to: str
    created: datetime
    parent: "Leg | None" = None
    callback: str = ""
    state: str = "queued"
    answered: datetime | None = None
    ended: datetime | None = None
    sequence: int = 0
    verbs: list[Element] = field(default_factory=list)
    doing: Dialling | InConference | Recording | Waiting | None = None
    moves: int = 0
    """How often it was sent elsewhere: what was asked for before is out of date then."""
    hung_up: bool = False
    """The person at this leg hung up, or never picked up."""
    reached_voicemail: bool = False

    @property
    def is_over(self) -> bool:
        return self.state in FINAL

    @property
    def is_up(self) -> bool:
        return self.state == "in-progress"

    @property
    def address(self) -> str:
        """The address of who is at the other end."""
        return self.from_ if self.direction == "inbound" else self.to

    @property
    def is_agents(self) -> bool:
        return self.address.startswith(CLIENT)

    @property
    def root(self) -> "Leg":
        return self.parent.root if self.parent else self

    @property
    def seconds(self) -> int:
        if not (self.answered and self.ended):
            return 0
        return round((self.ended - self.answered).total_seconds())

    def resource(self) -> dict[str, Any]:
        """Return it as the REST API does."""
        return {
            "sid": self.sid,
            "parent_call_sid": self.parent.sid if self.parent else None,
            "status": self.state,
            "direction": self.direction,
            "from": self.from_,
            "to": self.to,
            "date_created": format_datetime(self.created),
            "start_time": format_datetime(self.answered) if self.answered else None,
            "end_time": format_datetime(self.ended) if self.ended else None,
            "duration": str(self.seconds) if self.ended else None,
        }

    def parameters(self) -> dict[str, str]:
        """Return what every webhook about it carries."""
        form = {
            "CallSid": self.sid,
            "CallStatus": self.state,
            "Direction": self.direction,
            "From": self.from_,
            "To": self.to,
        }
        return {**form, "ParentCallSid": self.parent.sid} if self.parent else form


def verbs(document: str) -> list[Element]:
    """Return the verbs of a TwiML document."""
    root = fromstring(document)
    assert root.tag == "Response", document
    return list(root)
