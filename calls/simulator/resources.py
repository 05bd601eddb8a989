"""How the REST API shows what the company keeps, in Twilio's fields."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any

from calls.simulator.account import ACCOUNT_SID
from calls.simulator.models import Conference, Leg, Recording
from calls.states import State


def call_resource(leg: Leg) -> dict[str, Any]:
    """Show a leg. Twilio has no ``initiated`` here, and says the duration only at the end."""
    return {
        "sid": leg.sid,
        "account_sid": ACCOUNT_SID,
        "parent_call_sid": leg.parent and leg.parent.sid,
        "from": leg.from_address,
        "to": leg.to_address,
        "direction": leg.direction,
        "status": State.QUEUED if leg.state == State.INITIATED else leg.state,
        "date_created": rfc2822(leg.created_at),
        "start_time": rfc2822(leg.answered_at or leg.created_at),
        "end_time": rfc2822(leg.ended_at),
        "duration": str(leg.duration) if leg.is_over else None,
    }


def conference_resource(conference: Conference) -> dict[str, Any]:
    """Show a conference."""
    return {
        "sid": conference.sid,
        "account_sid": ACCOUNT_SID,
        "friendly_name": conference.name,
        "status": "completed" if conference.ended_at else "in-progress",
    }


def participant_resource(leg: Leg) -> dict[str, Any]:
    """Show a leg that is in a conference."""
    return {
        "call_sid": leg.sid,
        "account_sid": ACCOUNT_SID,
        "conference_sid": leg.conference and leg.conference.sid,
        "hold": leg.held,
        "muted": leg.muted,
        "end_conference_on_exit": leg.ends_conference,
        "status": "connected",
    }


def recording_resource(recording: Recording) -> dict[str, Any]:
    """Show what a caller has said."""
    return {
        "sid": recording.sid,
        "account_sid": ACCOUNT_SID,
        "call_sid": recording.leg.sid,
        "duration": str(recording.seconds),
        "source": "RecordVerb",
        "status": "completed",
    }


def rfc2822(instant: datetime | None) -> str | None:
    """Return an instant in Twilio's form, whole seconds in UTC."""
    return None if instant is None else format_datetime(instant)
