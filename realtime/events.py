"""Publishing: an event for all who follow a stream, handed over when its data is committed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder

from realtime.conf import realtime_settings
from realtime.eventlog import Draft, LoggedEvent, event_log
from realtime.eventlog.commit import after_commit
from realtime.layer.broadcast import Message, Ring, aring, ring
from realtime.protocol import frames
from realtime.protocol.position import NOWHERE
from realtime.streams import require_stream_name, user_stream_name

logger = logging.getLogger(__name__)

EVENT_TYPE = "realtime.event"
"""The channel layer message type of an event."""
EVENTS_TYPE = "realtime.events"
"""That of several events in one message, which goes to every hub."""
EVERYONE = "realtime"
"""The group of every hub."""

FEW = 10
"""Events that are rung one by one, each in the group of its stream, at 0.1 ms each.

More are rung together; an event that a hub does not follow costs it a microsecond.
"""
TOGETHER = 100
"""Events in one message."""
LARGE = 2048
"""Characters of a frame that goes to those alone who follow its stream."""

MAX_NAME = 200
"""Characters of the longest name of an event, and of the longest key."""


def publish(
    to: Any, name: str, data: Any = None, *, key: str | None = None, ephemeral: bool = False
) -> None:
    """Publish one event, from sync code; inside a transaction, it is committed with it.

    ``to`` is a stream's name, a user (their own stream), or several of these. ``name`` is the
    event's; ``data`` is anything that Django's JSON encoder takes. ``key`` makes a retry harmless:
    a stream takes each key once. An ``ephemeral`` event is not kept, and reaches whoever is there.

    Raises ``ValueError`` or ``TypeError`` for a stream, name or data that can't be published, what
    the event log raises if it is away, and ``RuntimeError`` in a running event loop, which it would
    block (``apublish`` is for that). A channel layer that fails does not raise: it is logged, and
    followers get the event from the log.
    """
    if _in_event_loop():
        raise RuntimeError("publish() was called in an event loop: await apublish() there.")
    streams = stream_names(to)
    log = None if ephemeral else event_log()
    if log is None:
        rings = _ephemeral_rings(streams, name, data)
        after_commit(lambda: ring(rings))
    elif streams:
        draft = _draft(name, data, key)
        _say(draft.id, streams, name, key)
        log.append(streams, draft, _ring_all)


async def apublish(
    to: Any, name: str, data: Any = None, *, key: str | None = None, ephemeral: bool = False
) -> None:
    """Publish one event, from async code; see ``publish`` for the arguments.

    An event that is kept is written in the thread of Django's async database calls.
    """
    if ephemeral or event_log() is None:
        await aring(_ephemeral_rings(stream_names(to), name, data))
    else:
        await sync_to_async(publish)(to, name, data, key=key)


def position(to: Any) -> Any:
    """Return where a stream is: take it before the data that a page shows, and hand it to the page.

    ``to`` is a stream's name or a user, for one ``Position``; or several of these, for a dict of
    them by name. What is published after this is replayed to the page that resumes from there.
    """
    streams = stream_names(to)
    log = event_log()
    found = log.positions(streams) if log is not None else dict.fromkeys(streams, NOWHERE)
    return found[streams[0]] if isinstance(to, str) or _is_user(to) else found


async def aposition(to: Any) -> Any:
    """Do what ``position`` does, from async code."""
    return await sync_to_async(position)(to)


def event_message(stream: str, name: str, data: Any = None) -> Message:
    """Return the channel layer message that hands an ephemeral event to a stream's followers.

    ``data`` is copied, as JSON would carry it (dates become strings).
    """
    draft = _draft(name, data, None)
    return {
        "type": EVENT_TYPE,
        "stream": require_stream_name(stream),
        "name": draft.name,
        "data": json.loads(draft.data),
        "id": draft.id,
        "at": draft.at,
    }


def ring_of(event: LoggedEvent) -> Ring:
    """Return the ring that hands over an event of the log."""
    return group_name(event.stream), {
        "type": EVENT_TYPE,
        "stream": event.stream,
        "epoch": event.epoch,
        "offset": event.offset,
        "id": event.id,
        "name": event.name,
        "frame": event.frame,
    }


def events_in(message: Message) -> list[Message]:
    """Return the messages of single events that a message of the channel layer stands for."""
    if message.get("type") == EVENTS_TYPE:
        events = message.get("events")
        return [one for one in events if isinstance(one, dict)] if isinstance(events, list) else []
    return [message] if message.get("type") == EVENT_TYPE else []


def group_name(stream: str) -> str:
    """Return the channel layer group of a stream, for a ``group_send`` of one's own."""
    return f"realtime.{require_stream_name(stream)}"


def stream_names(to: Any) -> list[str]:
    """Return the names that ``to`` stands for, each once, in their order.

    Raises ``TypeError`` for what is no stream, user, or series of them.
    """
    if isinstance(to, str):
        return [require_stream_name(to)]
    if _is_user(to):
        return [user_stream_name(to)]
    if isinstance(to, Iterable):
        return list(dict.fromkeys(name for one in to for name in stream_names(one)))
    raise TypeError(f"Name a stream, a user, or several of them, not {to!r}.")


def _is_user(to: Any) -> bool:
    """Other models have primary keys too, which must not be taken for a user's."""
    from django.contrib.auth.models import AnonymousUser  # Needs the apps to be loaded.

    return isinstance(to, (get_user_model(), AnonymousUser))


def _draft(name: str, data: Any, key: str | None) -> Draft:
    _require_text("name", name)
    if key is not None:
        _require_text("key", key)
    encoded = json.dumps(data, cls=DjangoJSONEncoder, allow_nan=False, separators=(",", ":"))
    if len(encoded) > (most := realtime_settings().MAX_IN_FLIGHT_BYTES // 2):
        raise ValueError(f"An event's data has at most {most} bytes, not {len(encoded)}.")
    return Draft(uuid.uuid4().hex, name, encoded, int(time.time() * 1000), key)


def _require_text(what: str, text: Any) -> None:
    if not isinstance(text, str) or not 0 < len(text) <= MAX_NAME or not text.isprintable():
        raise ValueError(
            f"An event's {what} is 1 to {MAX_NAME} printable characters, not {text!r}."
        )


def _ephemeral_rings(streams: Sequence[str], name: str, data: Any) -> list[Ring]:
    if not streams:
        return []
    draft = _draft(name, data, None)
    _say(draft.id, streams, name, None)
    return _together([_ephemeral_ring(draft, stream) for stream in streams])


def _ephemeral_ring(draft: Draft, stream: str) -> Ring:
    return group_name(stream), {
        "type": EVENT_TYPE,
        "stream": stream,
        "id": draft.id,
        "name": draft.name,
        "frame": frames.event(stream, draft.name, draft.data, event_id=draft.id, at=draft.at),
    }


def _ring_all(events: Sequence[LoggedEvent]) -> None:
    if events:
        ring(_together([ring_of(event) for event in events]))


def _together(rings: list[Ring]) -> list[Ring]:
    """Return rings for the same events, in fewer messages where there are many."""
    messages = [message for _, message in rings]
    if len(rings) <= FEW or max(len(message["frame"]) for message in messages) > LARGE:
        return rings
    parts = [messages[start : start + TOGETHER] for start in range(0, len(rings), TOGETHER)]
    return [(EVERYONE, _joined(part)) for part in parts]


def _joined(messages: list[Message]) -> Message:
    ids = dict.fromkeys(message["id"] for message in messages)
    return {"type": EVENTS_TYPE, "id": ",".join(ids), "events": messages}


def _say(event_id: str, streams: Sequence[str], name: str, key: str | None) -> None:
    names = ",".join(streams)
    logger.info("publish event=%s name=%s key=%s streams=%s", event_id, name, key, names)


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
