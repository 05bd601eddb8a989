"""A call as others see it: in events, in snapshots and in lists."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from calls.agents import person
from calls.numbers import written
from calls.states import BEFORE_ANSWER, Direction

if TYPE_CHECKING:
    from calls.models.call import Call

PEOPLE = ["answered_by", "placed_by", "claimed_by", "rejected_by", "transfer_to"]
"""The agents' parts in a call."""


def published(call: "Call") -> dict[str, Any]:
    """Return what others see of a call; times are milliseconds since the epoch.

    ``number`` is the customer's, as people write it.
    """
    outbound = call.direction == Direction.OUTBOUND
    people = {name: getattr(call, name) for name in PEOPLE}
    return {
        "call": call.pk,
        "sid": call.sid,
        "state": call.state,
        "direction": call.direction,
        "from": call.from_number,
        "to": call.to_number,
        "number": written(call.to_number if outbound else call.from_number),
        "version": call.version,
        "at": milliseconds(call.changed_at),
        "started_at": milliseconds(call.started_at),
        "answered_at": milliseconds(call.answered_at),
        "ended_at": milliseconds(call.ended_at),
        **{name: person(user) if user else None for name, user in people.items()},
        "claimed_until": milliseconds(call.claimed_until),
        "ringing": list(call.rung_now),
        "declined": list(call.declined),
        "unreceived": list(call.unreceived),
        "calling": calling(call),
        "outcome": call.outcome,
        "voicemail": call.voicemail,
        "message": voice_message(call),
        "held": call.held,
        "certain": call.certain,
    }


def calling(call: "Call") -> str | None:
    """Return whose phone rings, of an outbound call."""
    if call.direction != Direction.OUTBOUND or call.state not in BEFORE_ANSWER:
        return None
    agent_is_up = any(leg.is_up for leg in call.legs.all() if not leg.parent)
    return "customer" if agent_is_up else "agent"


def voice_message(call: "Call") -> dict[str, Any] | None:
    """Return what is known of the message that the caller left; None if there is none."""
    message = getattr(call, "message", None)
    return {"seconds": message.seconds} if message else None


def milliseconds(instant: datetime | None) -> int | None:
    """Return an instant as integer milliseconds since the epoch."""
    return None if instant is None else round(instant.timestamp() * 1000)
