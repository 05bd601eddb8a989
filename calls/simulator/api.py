"""The company's REST API, as far as the site uses Twilio's: fields in, a status and JSON out.

See https://www.twilio.com/docs/voice/api/call-resource and the pages beside it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from calls.simulator import conferences, faults, lines, recordings, scripts
from calls.simulator.dialling import follow
from calls.simulator.errors import NOT_IN_PROGRESS, WRONG_TO, RestError
from calls.simulator.faults import Fault
from calls.simulator.legs import new_leg
from calls.simulator.models import Conference, Direction, Kind, Leg, locked_exchange, schedule
from calls.simulator.people import plan
from calls.simulator.player import settle_now
from calls.simulator.resources import (
    call_resource,
    conference_resource,
    participant_resource,
    recording_resource,
)
from calls.states import State

Fields = Mapping[str, Any]
RING_SECONDS = 60.0
"""Seconds that a created call rings where the request doesn't say: Twilio's default."""
PAGE = 50
ADDRESS = re.compile(r"client:\w{1,121}|\+[1-9]\d{1,14}")


class Reply(NamedTuple):
    """What comes back: JSON, or a file."""

    status: int
    body: dict[str, Any] | bytes


class NoAnswer(Exception):
    """The request has timed out."""


def answer(method: str, path: str, fields: Fields, now: datetime) -> Reply:
    """Answer a request for a path below the account's, without ``.json``.

    Raises ``NoAnswer`` while a word prevents an answer, which takes no time here.
    """
    words = faults.active()
    if Fault.REST_ERROR in words:
        return Reply(500, {"code": 20500, "message": "Internal Server Error", "status": 500})
    if Fault.REST_LOST in words:
        raise NoAnswer
    reply = _answer(method, path, fields, now)
    if Fault.REST_TIMEOUT in words:
        raise NoAnswer
    return reply


def _answer(method: str, path: str, fields: Fields, now: datetime) -> Reply:
    for verb, pattern, view in ROUTES:
        if (found := pattern.fullmatch(path)) and verb == method:
            try:
                with locked_exchange():
                    settle_now(now)
                    reply = view(fields, now, *found.groups())
                    settle_now(now)
                    return reply
            except RestError as error:
                return Reply(error.status, error.body)
    return Reply(404, RestError.missing(path).body)


def create_call(fields: Fields, now: datetime) -> Reply:
    """Call a phone, which carries out TwiML when it is picked up."""
    to = str(fields.get("To", ""))
    if not ADDRESS.fullmatch(to):
        raise RestError(400, WRONG_TO, f"The 'To' number {to} is not a valid phone number.")
    leg = new_leg(
        Direction.OUTBOUND_API,
        State.QUEUED,
        now,
        to_address=to,
        from_address=fields["From"],
        twiml=fields["Twiml"],
        by_rest=True,
        callback=fields.get("StatusCallback", ""),
        callback_events=list(fields.get("StatusCallbackEvent", ["completed"])),
    )
    queued = call_resource(leg)
    follow(leg, plan(to, alone_by_rest=True), now)
    rings = timedelta(seconds=float(fields.get("Timeout", RING_SECONDS)))
    schedule(leg, Kind.MOVE, now + rings, state=State.NO_ANSWER)
    return Reply(201, queued)


def update_call(fields: Fields, now: datetime, sid: str) -> Reply:
    """End a call, or give it other TwiML."""
    leg = _leg(sid)
    if leg.is_over or ("Twiml" in fields and leg.state != State.IN_PROGRESS):
        raise RestError(400, NOT_IN_PROGRESS, "Call is not in-progress. Cannot redirect.")
    if "Twiml" in fields:
        scripts.replace(leg, fields["Twiml"], now)
    elif fields.get("Status") == "completed" or leg.state != State.IN_PROGRESS:
        lines.end(leg, now)
    return Reply(200, call_resource(_leg(sid)))


def read_call(fields: Fields, now: datetime, sid: str) -> Reply:
    """Say what a leg does."""
    return Reply(200, call_resource(_leg(sid)))


def list_calls(fields: Fields, now: datetime) -> Reply:
    """List legs, the newest first."""
    legs = Leg.objects.select_related("parent")
    for field, column in LISTED.items():
        if field in fields:
            legs = legs.filter(**{column: fields[field]})
    page = legs[: int(fields.get("PageSize", PAGE))]
    return Reply(200, {"calls": [call_resource(leg) for leg in page], "next_page_uri": None})


LISTED = {"To": "to_address", "From": "from_address", "ParentCallSid": "parent__sid"}
"""The fields that a list of calls is narrowed by."""


def list_conferences(fields: Fields, now: datetime) -> Reply:
    """List the conferences of a name, the newest first."""
    found = Conference.objects.filter(name=fields["FriendlyName"]).order_by("-pk")[:PAGE]
    return Reply(200, {"conferences": [conference_resource(one) for one in found]})


def list_participants(fields: Fields, now: datetime, sid: str) -> Reply:
    """List who is in a conference."""
    conference = Conference.objects.filter(sid=sid).first()
    if conference is None:
        raise RestError.missing(sid)
    members = conference.legs.order_by("pk")
    return Reply(200, {"participants": [participant_resource(leg) for leg in members]})


def update_participant(fields: Fields, now: datetime, conference: str, sid: str) -> Reply:
    """Hold or mute a participant, or let the conference outlast it."""
    leg = _leg(sid)
    if leg.conference is None or leg.conference.sid != conference:
        raise RestError.missing(sid)
    for field, attribute in PARTICIPANT.items():
        if field in fields:
            setattr(leg, attribute, str(fields[field]).lower() == "true")
    leg.save(update_fields=conferences.MEMBER)
    return Reply(200, participant_resource(leg))


PARTICIPANT = {"Hold": "held", "Muted": "muted", "EndConferenceOnExit": "ends_conference"}


def remove_participant(fields: Fields, now: datetime, conference: str, sid: str) -> Reply:
    """Take a participant out, whose leg ends."""
    leg = _leg(sid)
    if leg.conference is None or leg.conference.sid != conference:
        raise RestError.missing(sid)
    conferences.leave(leg, now)
    lines.end(leg, now)
    return Reply(204, {})


def list_recordings(fields: Fields, now: datetime, sid: str) -> Reply:
    """List what was recorded of a leg, the newest first."""
    found = _leg(sid).recordings.order_by("-pk")[:PAGE]
    return Reply(200, {"recordings": [recording_resource(one) for one in found]})


def read_recording(fields: Fields, now: datetime, sid: str) -> Reply:
    """Send the sound of a recording."""
    sound = recordings.audio(sid)
    if sound is None:
        raise RestError.missing(sid)
    return Reply(200, sound)


def _leg(sid: str) -> Leg:
    leg = Leg.objects.select_related("parent", "conference", "dialled_by").filter(sid=sid).first()
    if leg is None:
        raise RestError.missing(sid)
    return leg


View = Callable[..., Reply]
ROUTES: list[tuple[str, re.Pattern[str], View]] = [
    ("POST", re.compile(r"Calls"), create_call),
    ("GET", re.compile(r"Calls"), list_calls),
    ("POST", re.compile(r"Calls/(\w+)"), update_call),
    ("GET", re.compile(r"Calls/(\w+)"), read_call),
    ("GET", re.compile(r"Conferences"), list_conferences),
    ("GET", re.compile(r"Conferences/(\w+)/Participants"), list_participants),
    ("POST", re.compile(r"Conferences/(\w+)/Participants/(\w+)"), update_participant),
    ("DELETE", re.compile(r"Conferences/(\w+)/Participants/(\w+)"), remove_participant),
    ("GET", re.compile(r"Calls/(\w+)/Recordings"), list_recordings),
    ("GET", re.compile(r"Recordings/(\w+)(?:\.\w+)?"), read_recording),
]
