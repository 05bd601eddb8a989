"""Reads the channel layer's messages for events, whoever sent them."""

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
    events, committed_at = [], _committed_at(message)
    for one in single_messages(message):
        try:
            if _is_wanted(one["stream"], streams):
                events.append(_read(one, committed_at))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            log_dropped(error, _stream_to_show(one))
    return events


def log_dropped(error: Exception, stream: str | None = None) -> None:
    """Log that a message or an event is dropped; strangers may cause as many as they like."""
    logger.error("event dropped stream=%r error=%.500r", stream, error, extra=LIMITED)


def _is_wanted(stream: Any, streams: Container[str] | None) -> bool:
    """Tell whether a stream is one of these, whose names are sound; raises what is no name."""
    if streams is not None and stream in streams:
        return True
    require_stream_name(stream)
    return streams is None


def _committed_at(message: Any) -> int | None:
    """Return the stamp of a message; one that can't be a time is none."""
    stamp = message.get("committed_at") if isinstance(message, dict) else None
    return stamp if type(stamp) is int and 0 < stamp < MAX_MILLISECONDS else None


def _read(message: Message, committed_at: int | None) -> Event:
    """Read an event; a later version's message may say more than this one knows."""
    if "offset" not in message:
        return _read_ephemeral(message, committed_at)
    stream, offset = message["stream"], fields.offset(message["offset"])
    return LoggedEvent(
        stream=stream,
        epoch=fields.text("epoch", message["epoch"]),
        offset=offset,
        id=fields.text("id", message["id"]),
        name=fields.text("name", message["name"]),
        frame=fields.frame(message["frame"], stream, offset),
        exclude=_text_or_none("exclude", message),
        origin=_text_or_none("origin", message),
        wants_receipt=_wants_receipt(message),
        committed_at=committed_at,
    )


def _read_ephemeral(message: Message, committed_at: int | None) -> EphemeralEvent:
    """Take the frame that ``publish`` encoded, or encode what a plain ``group_send`` brought."""
    stream, name = message["stream"], fields.text("name", message["name"])
    event_id, frame = fields.text("id", message.get("id") or uuid.uuid4().hex), message.get("frame")
    return EphemeralEvent(
        stream,
        event_id,
        name,
        _encoded(message, event_id) if frame is None else fields.frame(frame, stream, None),
        _text_or_none("exclude", message),
        _text_or_none("origin", message),
        _wants_receipt(message),
        committed_at,
    )


def _encoded(message: Message, event_id: str) -> str:
    frame = frames.event(
        *(message["stream"], message["name"], frames.encode(message.get("data"))),
        event_id=event_id,
        at=fields.milliseconds(message.get("at") or time.time() * 1000),
        traceparent=_text_or_none("traceparent", message),
    )
    return fields.not_too_large(frame)


def _wants_receipt(message: Message) -> bool:
    """Anybody may send to a group; a receipt for an id that is none of ours can't be written."""
    return message.get("receipt") is True and len(message.get("id") or "") <= MAX_ID


def _text_or_none(field: str, message: Message) -> str | None:
    value = message.get(field)
    return None if value is None else fields.text(field, value)


def _stream_to_show(message: Any) -> str | None:
    """Return the stream's name for the log; anything else may be too deep to be shown."""
    stream = message.get("stream") if isinstance(message, dict) else None
    return stream[:100] if isinstance(stream, str) else None
