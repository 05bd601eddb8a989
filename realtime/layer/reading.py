"""Reads the channel layer's messages for events: anybody may send them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Container
from typing import Any

from realtime.eventlog import LoggedEvent
from realtime.layer import fields
from realtime.layer.messages import EphemeralEvent, Event, Message, single_messages
from realtime.logs import LIMITED, get_logger
from realtime.protocol import frames
from realtime.protocol.stream_names import require_stream_name

logger = get_logger(__name__)

MAX_MILLISECONDS = 2**53
"""A time that JavaScript can't count is none."""

MAX_ID = 32
"""Characters of the id of an event that ``publish`` made."""


def events_in(message: Message, streams: Container[str] | None = None) -> list[Event]:
    """Read the events that a message carries, of these streams alone where they are given.

    What is malformed is dropped, with one line in the log: anybody may send to a group. What is
    sound may still be untrue, about the log too; the feeds ask that.
    """
    events: list[Event] = []
    for one in single_messages(message):
        try:
            stream = one["stream"]
            is_followed = streams is not None and stream in streams
            if not is_followed:
                require_stream_name(stream)
            if is_followed or streams is None:
                read = _read_logged if "offset" in one else _read_ephemeral
                events.append(read(one, message.get("committed_at")))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            log_dropped(error, _stream_to_show(one))
    return events


def log_dropped(error: Exception, stream: str | None = None) -> None:
    """Log that a message or an event is dropped; strangers may cause as many as they like."""
    logger.error("event dropped stream=%r error=%.500r", stream, error, extra=LIMITED)


def _read_logged(message: Message, stamp: Any) -> LoggedEvent:
    """Read an event; a later version's message may say more than this one knows."""
    stream, offset = message["stream"], fields.offset(message["offset"])
    return LoggedEvent(
        stream,
        fields.text("epoch", message["epoch"]),
        offset,
        fields.text("id", message["id"]),
        fields.text("name", message["name"]),
        fields.frame(message["frame"], stream, offset),
        *_about(message, stamp),
    )


def _read_ephemeral(message: Message, stamp: Any) -> EphemeralEvent:
    """Take the frame that ``publish`` encoded, or encode what a plain ``group_send`` brought."""
    stream, name = message["stream"], fields.text("name", message["name"])
    event_id, frame = fields.text("id", message.get("id") or uuid.uuid4().hex), message.get("frame")
    if frame is None:
        frame = _encoded(message, event_id)
    else:
        fields.frame(frame, stream, None)
    return EphemeralEvent(stream, event_id, name, frame, *_about(message, stamp))


def _about(message: Message, stamp: Any) -> tuple[str | None, str | None, bool, int | None]:
    """Return who doesn't get an event, its origin, whether it wants a receipt, and its commit.

    A receipt for an id that is none of ours can't be written; a stamp that is no time is none.
    """
    exclude, origin = message.get("exclude"), message.get("origin")
    if exclude is not None:
        fields.text("exclude", exclude)
    if origin is not None:
        fields.text("origin", origin)
    wants_receipt = message.get("receipt") is True and len(message.get("id") or "") <= MAX_ID
    is_time = type(stamp) is int and 0 < stamp < MAX_MILLISECONDS
    return exclude, origin, wants_receipt, stamp if is_time else None


def _encoded(message: Message, event_id: str) -> str:
    if (traceparent := message.get("traceparent")) is not None:
        fields.text("traceparent", traceparent)
    frame = frames.event(
        *(message["stream"], message["name"], frames.encode(message.get("data"))),
        event_id=event_id,
        at=fields.milliseconds(message.get("at") or time.time() * 1000),
        traceparent=traceparent,
    )
    return fields.not_too_large(frame)


def _stream_to_show(message: Any) -> str | None:
    """Return the stream's name for the log; anything else may be too deep to be shown."""
    stream = message.get("stream") if isinstance(message, dict) else None
    return stream[:100] if isinstance(stream, str) else None
