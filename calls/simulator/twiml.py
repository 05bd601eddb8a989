"""Reads TwiML: a document becomes verbs. Pure, without Django.

See https://www.twilio.com/docs/voice/twiml. Attributes that make no difference here are ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from xml.etree import ElementTree as ET

DIAL_TIMEOUT = 30.0
"""Seconds that ``<Dial>`` rings where it doesn't say: Twilio's default."""
MAX_LENGTH = 3600.0
"""Seconds of a ``<Record>`` that doesn't say: Twilio's default."""
SPEAKING = 20.0
"""Characters that ``<Say>`` speaks in a second."""


class TwimlError(ValueError):
    """The document can't be carried out; the text says why."""


@dataclass(frozen=True)
class Target:
    """A phone that ``<Dial>`` calls: a number, or ``client:`` and an identity."""

    address: str
    callback: str = ""
    events: tuple[str, ...] = ("completed",)


@dataclass(frozen=True)
class Room:
    """The conference that ``<Dial>`` leads to."""

    name: str
    ends_on_exit: bool = False
    muted: bool = False


@dataclass(frozen=True)
class Dial:
    targets: tuple[Target, ...] = ()
    room: Room | None = None
    timeout: float = DIAL_TIMEOUT
    action: str = ""
    caller_id: str = ""


@dataclass(frozen=True)
class Wait:
    """``<Say>``, ``<Play>`` and ``<Pause>``: time passes; a ``<Play>`` may never end."""

    seconds: float


@dataclass(frozen=True)
class Record:
    max_length: float = MAX_LENGTH
    action: str = ""
    status_callback: str = ""


@dataclass(frozen=True)
class Hangup:
    pass


@dataclass(frozen=True)
class Reject:
    reason: str = "rejected"


@dataclass(frozen=True)
class Redirect:
    url: str


Verb = Dial | Wait | Record | Hangup | Reject | Redirect


def parse(document: str) -> list[Verb]:
    """Return the verbs of a document; raises ``TwimlError``."""
    if not document.strip():
        return []
    try:
        root = ET.fromstring(document)
    except ET.ParseError as error:
        raise TwimlError(f"The document is not XML ({error}).") from error
    if root.tag != "Response":
        raise TwimlError(f"The document begins with <{root.tag}>, not with <Response>.")
    return [_verb(element) for element in root]


def _verb(element: ET.Element) -> Verb:
    reader = _READERS.get(element.tag)
    if reader is None:
        raise TwimlError(f"This company doesn't know <{element.tag}>.")
    return reader(element)


def _dial(element: ET.Element) -> Dial:
    nouns = [noun for noun in element if noun.tag in ("Client", "Number", "Conference")]
    rooms = [noun for noun in nouns if noun.tag == "Conference"]
    targets = [_target(noun) for noun in nouns if noun.tag != "Conference"]
    if _text(element):
        targets.append(Target(_text(element)))
    return Dial(
        targets=tuple(targets),
        room=_room(rooms[0]) if rooms else None,
        timeout=_number(element, "timeout", DIAL_TIMEOUT),
        action=element.get("action", ""),
        caller_id=element.get("callerId", ""),
    )


def _target(noun: ET.Element) -> Target:
    identity = noun.find("Identity")
    name = _text(noun if identity is None else identity)
    return Target(
        address=f"client:{name}" if noun.tag == "Client" else name,
        callback=noun.get("statusCallback", ""),
        events=tuple(noun.get("statusCallbackEvent", "completed").split()),
    )


def _room(noun: ET.Element) -> Room:
    return Room(
        name=_text(noun),
        ends_on_exit=noun.get("endConferenceOnExit", "false") == "true",
        muted=noun.get("muted", "false") == "true",
    )


def _say(element: ET.Element) -> Wait:
    return Wait(max(1.0, len("".join(element.itertext()).strip()) / SPEAKING))


def _record(element: ET.Element) -> Record:
    return Record(
        max_length=_number(element, "maxLength", MAX_LENGTH),
        action=element.get("action", ""),
        status_callback=element.get("recordingStatusCallback", ""),
    )


def _text(element: ET.Element) -> str:
    return (element.text or "").strip()


def _number(element: ET.Element, name: str, default: float) -> float:
    try:
        return float(element.get(name, default))
    except ValueError as error:
        raise TwimlError(f"{name} of <{element.tag}> is no number.") from error


_READERS: Mapping[str, Callable[[ET.Element], Verb]] = {
    "Dial": _dial,
    "Say": _say,
    "Play": lambda element: Wait(inf if element.get("loop") == "0" else 3.0),
    "Pause": lambda element: Wait(_number(element, "length", 1.0)),
    "Record": _record,
    "Hangup": lambda element: Hangup(),
    "Reject": lambda element: Reject(element.get("reason", "rejected")),
    "Redirect": lambda element: Redirect(_text(element)),
}
