"""Reads calls out of the answers of Twilio's REST API.

The fields are those of https://www.twilio.com/docs/voice/api/call-resource.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from calls.states import State
from calls.telephony.interface import Report
from calls.telephony.rest import Fields, garbage

SID = re.compile(r"[A-Za-z0-9]{1,64}")
MAX_ADDRESS = 320
SOUNDLESS = ("absent", "failed")
"""The statuses of recordings that can't be played
(https://www.twilio.com/docs/voice/api/recording)."""


def report(leg: Any, legs: Iterable[Report] = ()) -> Report:
    """Return what an answer says of one leg.

    Raises ``OutcomeUnknown`` if it doesn't say which leg, or in which state. Whatever else is
    missing or malformed is as if Twilio hadn't said it.
    """
    sid, state = identified(leg)
    ended = instant(leg, "end_time")
    duration = seconds(leg)
    return Report(
        sid=sid,
        parent=text(leg, "parent_call_sid"),
        state=state,
        direction=text(leg, "direction"),
        from_number=address(leg, "from"),
        to_number=address(leg, "to"),
        started_at=instant(leg, "date_created") or instant(leg, "start_time"),
        answered_at=answered_at(state, ended, duration),
        ended_at=ended,
        duration=duration,
        legs=tuple(legs),
    )


def identified(leg: Any) -> tuple[str, State]:
    """Return a leg's sid and state. Raises ``OutcomeUnknown``."""
    sid = named(leg)
    try:
        return sid, State(text(leg, "status"))
    except ValueError:
        raise garbage("unknown status") from None


def named(resource: Any) -> str:
    """Return the sid of a resource. Raises ``OutcomeUnknown``."""
    sid = text(resource, "sid") if isinstance(resource, dict) else ""
    if not SID.fullmatch(sid):
        raise garbage("no sid")
    return sid


def recorded(page: Fields) -> list[tuple[str, int | None]]:
    """Return the sids and seconds of a page's recordings that have a sound, the oldest first.

    Raises ``OutcomeUnknown``.
    """
    every = [(named(one), one) for one in reversed(listed(page, "recordings"))]
    return [(sid, seconds(one)) for sid, one in every if text(one, "status") not in SOUNDLESS]


def answered_at(state: State, ended: datetime | None, duration: int | None) -> datetime | None:
    """Return when a leg that is over was picked up: Twilio counts its duration from there."""
    if state != State.COMPLETED or ended is None or not duration:
        return None
    return ended - timedelta(seconds=duration)


def listed(page: Fields, name: str) -> list[Any]:
    """Return the list of a page. Raises ``OutcomeUnknown`` if the page has none."""
    found = page.get(name)
    if not isinstance(found, list):
        raise garbage(f"no list of {name}")
    return found


def text(leg: Fields, field: str) -> str:
    """Return a field, "" if it isn't text."""
    found = leg.get(field)
    return found if isinstance(found, str) else ""


def address(leg: Fields, field: str) -> str:
    """Return a number or a phone's address, cut to what any database stores."""
    found = text(leg, field).replace("\0", "")
    return found.encode("utf-8", "replace").decode()[:MAX_ADDRESS]


def instant(leg: Fields, field: str) -> datetime | None:
    """Return a time of RFC 2822, None if it isn't one."""
    try:
        found = parsedate_to_datetime(text(leg, field))
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None


def seconds(leg: Fields) -> int | None:
    """Return the duration, None if Twilio doesn't say one."""
    said = text(leg, "duration")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None
