"""Makes legs, moves them, and writes what the site gets to know of them."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin

from calls.simulator import faults
from calls.simulator.account import ACCOUNT_SID
from calls.simulator.models import Direction, Kind, Leg, Step, new_sid, schedule
from calls.states import FINAL, State
from realtime.logs import get_logger

logger = get_logger(__name__)

EVENTS: dict[State, str] = {
    State.INITIATED: "initiated",
    State.RINGING: "ringing",
    State.IN_PROGRESS: "answered",
    **{state: "completed" for state in FINAL},
}
"""The event of each state that a leg enters, as ``statusCallbackEvent`` names it."""


def new_leg(direction: Direction, state: State, at: datetime, **fields: Any) -> Leg:
    """Make a leg that begins at an instant."""
    sid = new_sid("CA")
    return Leg.objects.create(sid=sid, direction=direction, state=state, created_at=at, **fields)


def enter(leg: Leg, state: State, at: datetime) -> None:
    """Have a leg enter a state, and tell the site if it wants to know."""
    leg.state = state
    if state == State.IN_PROGRESS:
        leg.answered_at = at
    elif state in FINAL:
        leg.ended_at = at
    logger.info("simulator leg=%s state=%s", leg.sid, state)
    if leg.callback and EVENTS.get(state) in leg.callback_events:
        _report(leg, at)
    leg.save(update_fields=["state", "answered_at", "ended_at", "sequence"])


def _report(leg: Leg, at: datetime) -> None:
    about = {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(leg.sequence),
        "Timestamp": format_datetime(at),
    }
    if leg.state == State.COMPLETED:
        about["CallDuration"] = str(leg.duration)
    leg.sequence += 1
    notify(leg, leg.callback, at, about)


def notify(leg: Leg, url: str, at: datetime, about: dict[str, str]) -> None:
    """Send a form about a leg to an address, as far as no word prevents it."""
    due = faults.sent_at(State(leg.state), at, is_event="SequenceNumber" in about)
    if not due:
        logger.info("simulator lost leg=%s state=%s url=%s", leg.sid, leg.state, url)
    for instant in due:
        schedule(leg, Kind.NOTIFY, instant, url=absolute(leg, url), form={**form(leg), **about})


def request(leg: Leg, url: str, at: datetime, about: dict[str, str]) -> Step:
    """Ask an address what to do with a leg."""
    return schedule(leg, Kind.REQUEST, at, url=absolute(leg, url), form={**form(leg), **about})


def absolute(leg: Leg, url: str) -> str:
    """Return an address of the site in full."""
    return urljoin(leg.base_url or leg.callback, url)


def form(leg: Leg) -> dict[str, str]:
    """Return what every webhook says of a leg."""
    fields = {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": leg.sid,
        "CallStatus": leg.state,
        "Called": leg.to_address,
        "Caller": leg.from_address,
        "Direction": leg.direction,
        "From": leg.from_address,
        "To": leg.to_address,
    }
    if leg.parent is not None:
        fields["ParentCallSid"] = leg.parent.sid
    return fields
