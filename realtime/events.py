"""Publishing: an event for all who follow a stream, handed over when its data is committed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from realtime.ring import Message, Ring, aring, ring
from realtime.streams import require_stream_name, user_stream_name

logger = logging.getLogger(__name__)

EVENT_TYPE = "realtime.event"
"""The channel layer message type of an event."""


def publish(
    to: Any, name: str, data: Any = None, *, key: str | None = None, ephemeral: bool = False
) -> None:
    """Publish one event, from sync code; inside a transaction, it goes out after the commit.

    ``to`` is a stream's name, a user (their own stream), or several of these. ``name`` is the
    event's; ``data`` is anything that Django's JSON encoder takes. Events are not kept yet, so
    ``key`` (makes a retried publish harmless) and ``ephemeral`` (never keep it) change nothing.

    Raises ``ValueError`` or ``TypeError`` for a stream, name or data that can't be published, and
    ``RuntimeError`` in a running event loop, which it would block (``apublish`` is for that). A
    channel layer that fails does not raise: the data is committed, so the failure is logged.
    """
    if _in_event_loop():
        raise RuntimeError("publish() was called in an event loop: await apublish() there.")
    rings = _rings(to, name, data)
    if transaction.get_connection().in_atomic_block:
        transaction.on_commit(lambda: ring(rings))
    else:
        ring(rings)


async def apublish(
    to: Any, name: str, data: Any = None, *, key: str | None = None, ephemeral: bool = False
) -> None:
    """Publish one event, from async code; see ``publish`` for the arguments."""
    await aring(_rings(to, name, data))


def event_message(stream: str, name: str, data: Any = None) -> Message:
    """Return the channel layer message that hands an event to the followers of ``stream``.

    ``data`` is copied, as JSON would carry it (dates become strings).
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"An event's name must be a string that is not empty, not {name!r}.")
    return {
        "type": EVENT_TYPE,
        "stream": require_stream_name(stream),
        "name": name,
        "data": json.loads(json.dumps(data, cls=DjangoJSONEncoder, allow_nan=False)),
        "id": uuid.uuid4().hex,
        "at": int(time.time() * 1000),
    }


def group_name(stream: str) -> str:
    """Return the channel layer group of a stream, for a ``group_send`` of one's own."""
    return f"realtime.{require_stream_name(stream)}"


def stream_names(to: Any) -> list[str]:
    """Return the names that ``to`` stands for, each once, in their order.

    Raises ``TypeError`` for what is no stream, user, or series of them.
    """
    if isinstance(to, str):
        return [require_stream_name(to)]
    if hasattr(to, "pk"):
        return [user_stream_name(to)]
    if isinstance(to, Iterable):
        return list(dict.fromkeys(name for one in to for name in stream_names(one)))
    raise TypeError(f"Publish to a stream's name, a user, or several of them, not to {to!r}.")


def _rings(to: Any, name: str, data: Any) -> list[Ring]:
    streams = stream_names(to)
    if not streams:
        return []
    message = event_message(streams[0], name, data)
    for stream in streams:
        logger.info("publish event=%s stream=%s name=%s", message["id"], stream, name)
    return [(group_name(stream), {**message, "stream": stream}) for stream in streams]


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
