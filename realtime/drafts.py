"""An event before it is in the log: checked, with its data as JSON and the streams it goes to."""

from __future__ import annotations

import secrets
import time
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from realtime.conf import realtime_settings
from realtime.correlation import current_origin, current_traceparent
from realtime.eventlog import Addressed, Draft
from realtime.protocol.presence import PRESENCE_EVENT
from realtime.recipients import stream_names

MAX_NAME = 200
"""Characters of the longest name of an event, and of the longest key."""

_encoder = DjangoJSONEncoder(allow_nan=False, separators=(",", ":"))


def addressed(
    to: Any, name: str, data: Any = None, key: str | None = None, exclude: str | None = None
) -> Addressed:
    """Return an event with its streams, or raise what ``publish`` raises for what can't be one."""
    return Addressed(stream_names(to), draft_of(name, data, key, exclude))


def draft_of(name: str, data: Any, key: str | None = None, exclude: str | None = None) -> Draft:
    """Return an event without its streams, or raise for what can't be one."""
    _require_text("name", name)
    if name == PRESENCE_EVENT:
        raise ValueError(f"The name {name!r} is taken: such events say who is there.")
    for what, text in (("key", key), ("exclude", exclude)):
        if text is not None:
            _require_text(what, text)
    encoded = _encoder.encode(data)
    if len(encoded) > (limit := realtime_settings().MAX_IN_FLIGHT_BYTES // 2):
        raise ValueError(f"An event's data has at most {limit} bytes, not {len(encoded)}.")
    return Draft(
        *(secrets.token_hex(16), name, encoded, int(time.time() * 1000), key, exclude),
        origin=str(current_origin()),
        traceparent=current_traceparent(),
    )


def _require_text(what: str, text: Any) -> None:
    if not isinstance(text, str) or not 0 < len(text) <= MAX_NAME or not text.isprintable():
        raise ValueError(
            f"An event's {what} is 1 to {MAX_NAME} printable characters, not {text!r}."
        )
