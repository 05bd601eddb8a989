"""The channel layer's messages for events, and how they are written; ``reading`` reads them.

An event goes to the group of its stream, and several for one stream go together. Events for many
streams go together, in messages for all hubs: an event that a hub does not follow costs it a
microsecond, a ``group_send`` 0.1 ms.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from realtime.eventlog import Addressed, Draft, LoggedEvent
from realtime.layer.groups import every_hub, group_name
from realtime.logs import get_logger
from realtime.protocol import frames
from realtime.protocol.stream_names import require_stream_name

logger = get_logger(__name__)

Message = dict[str, Any]
GroupMessage = tuple[str, Message]
"""A group of the channel layer, and the message for it."""

EVENT_TYPE = "realtime.event"
"""The type of a message that carries one event."""
BATCH_TYPE = "realtime.events"
"""The type of a message that carries several events."""
PROBE_TYPE = "realtime.probe"
"""The type of a message that a link sends to itself."""

MAX_SEPARATE = 3
"""Events that go out one by one, each to the group of its stream; more go in batches.

A batch for all hubs costs each process as much as an event, a ``group_send`` the publisher: up to
about three processes for each event of a batch, the batch is cheaper for all of them together.
"""
BATCH_SIZE = 100
"""Events in one message."""
MAX_BATCH = 1000
"""Events of the largest message that is read; a later version may send more than this one does."""
MAX_BATCHED_FRAME = 2048
"""Characters of the longest frame that goes to hubs that may not follow its stream."""


class EphemeralEvent(NamedTuple):
    """An event that is not kept; ``frame`` is the ``event`` frame, encoded once."""

    stream: str
    id: str
    name: str
    frame: str
    exclude: str | None = None
    origin: str | None = None
    wants_receipt: bool = False
    committed_at: int | None = None
    """When its data was committed, see ``LoggedEvent``."""


Event = LoggedEvent | EphemeralEvent


def logged_messages(events: Sequence[LoggedEvent]) -> list[GroupMessage]:
    """Return the messages that hand over events of the log."""
    return _grouped([_logged_message(event) for event in events])


def ephemeral_messages(streams: Sequence[str], draft: Draft) -> list[GroupMessage]:
    """Return the messages that hand over an event which is not kept."""
    return ephemeral_messages_of([Addressed(streams, draft)])


def ephemeral_messages_of(events: Sequence[Addressed]) -> list[GroupMessage]:
    """Return the messages that hand over events which are not kept."""
    return _grouped(
        [_ephemeral_message(stream, draft) for streams, draft in events for stream in streams]
    )


def stamped(outgoing: Sequence[GroupMessage]) -> Sequence[GroupMessage]:
    """Note in messages of new events that their data is committed now, by this process's clock."""
    now = int(time.time() * 1000)
    for _, message in outgoing:
        message["committed_at"] = now
    return outgoing


def count_events(outgoing: Sequence[GroupMessage]) -> int:
    """Return how many events messages carry, each once for a stream."""
    return sum(len(single_messages(message)) for _, message in outgoing)


def plain_message(stream: str, draft: Draft) -> Message:
    """Return an ephemeral event as a project would write it: its data is no frame yet."""
    message = {
        "type": EVENT_TYPE,
        "stream": require_stream_name(stream),
        "name": draft.name,
        "data": json.loads(draft.data),
        "id": draft.id,
        "at": draft.at,
        **_about(draft),
    }
    return message if draft.traceparent is None else {**message, "traceparent": draft.traceparent}


def is_probe(message: Any) -> bool:
    """Tell whether a message is one that a link sent to itself."""
    return isinstance(message, dict) and message.get("type") == PROBE_TYPE


def ids(message: Message) -> str:
    """Return the ids of the events in a message, for the log."""
    return ",".join(dict.fromkeys(str(one.get("id")) for one in single_messages(message)))


def is_logged(message: Message) -> bool:
    """Tell whether a message carries events of the log, which a hub recognises when repeated."""
    return all("offset" in one for one in single_messages(message))


def _logged_message(event: LoggedEvent) -> Message:
    message = {
        "type": EVENT_TYPE,
        "stream": event.stream,
        "epoch": event.epoch,
        "offset": event.offset,
        "id": event.id,
        "name": event.name,
        "frame": event.frame,
    }
    return {**message, **_about(event)}


def _ephemeral_message(stream: str, draft: Draft) -> Message:
    message = {
        "type": EVENT_TYPE,
        "stream": stream,
        "id": draft.id,
        "name": draft.name,
        "frame": frames.event(
            *(stream, draft.name, draft.data),
            event_id=draft.id,
            at=draft.at,
            traceparent=draft.traceparent,
        ),
    }
    return {**message, **_about(draft)}


def _about(event: LoggedEvent | Draft) -> Message:
    """Return the fields of a message that most events do without."""
    about = {"exclude": event.exclude, "origin": event.origin, "receipt": event.wants_receipt}
    return {name: value for name, value in about.items() if value}


def _grouped(messages: list[Message]) -> list[GroupMessage]:
    """Address messages of single events, and join them to batches where they are many and small."""
    if len(messages) == 1:
        return [(group_name(messages[0]["stream"]), messages[0])]
    groups = list(dict.fromkeys(group_name(message["stream"]) for message in messages))
    many = len(messages) > (MAX_SEPARATE if len(groups) > 1 else 1)
    if not many or max(len(message["frame"]) for message in messages) > MAX_BATCHED_FRAME:
        return [(group_name(message["stream"]), message) for message in messages]
    group = every_hub() if len(groups) > 1 else groups[0]
    return [
        (group, {"type": BATCH_TYPE, "events": messages[start : start + BATCH_SIZE]})
        for start in range(0, len(messages), BATCH_SIZE)
    ]


def single_messages(message: Any) -> list[Any]:
    """Return the messages of single events that a message stands for."""
    if not isinstance(message, dict):
        return [None]
    kind = message.get("type")
    if kind == EVENT_TYPE:
        return [message]
    if kind != BATCH_TYPE:
        return []
    events = message.get("events")
    return events if isinstance(events, list) and len(events) <= MAX_BATCH else [None]
