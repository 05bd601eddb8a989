"""What the fields of a message may hold; each function returns a value that is sound, or raises.

Raises ``TypeError`` or ``ValueError``, and for what is too deep ``RecursionError``.
"""

from __future__ import annotations

import json
from typing import Any

from realtime.conf import realtime_settings

MAX_TEXT = 200
"""Characters of the longest id, name or epoch."""

MAX_AROUND_DATA = 4096
"""Characters of a frame besides its data, which may have half of ``MAX_IN_FLIGHT_BYTES``."""


def text(field: str, value: Any) -> str:
    """Return a text that may stand in a line of the log, where a newline would forge one."""
    if not isinstance(value, str):
        raise TypeError(f"{field} is text, not {type(value).__name__}")
    if value.isprintable() and 0 < len(value) <= MAX_TEXT:
        return value
    raise ValueError(f"{field} is 1 to {MAX_TEXT} printable characters")


def offset(value: Any) -> int:
    """Return the offset of an event in the log."""
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError("offset is a whole number above 0, of 63 bits")
    return value


def milliseconds(value: Any) -> int:
    """Return a time that JavaScript can count."""
    at = int(value)
    if abs(at) > 2**53:
        raise ValueError("at is more than JavaScript can count")
    return at


def frame(value: Any, stream: str, at_offset: int | None) -> str:
    """Return a frame that is an event of the stream, at that offset: pages obey all others, too.

    A lone surrogate would end the connection.
    """
    if not isinstance(value, str):
        raise TypeError(f"frame is text, not {type(value).__name__}")
    try:
        event, end = _scan(not_too_large(value), 0)
    except StopIteration:
        raise ValueError("frame is no JSON") from None
    if end != len(value) or not isinstance(event, dict) or event.get("type") != "event":
        raise ValueError("frame is no event")
    its = event.get("offset")
    if event.get("stream") != stream or its != at_offset or type(its) is not type(at_offset):
        raise ValueError("frame is of another stream or offset than its message")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("frame holds half of a surrogate pair") from None
    return value


def not_too_large(value: str) -> str:
    """Return a frame that a socket can take: a larger one would end it with 4413."""
    if len(value) > realtime_settings().MAX_IN_FLIGHT_BYTES // 2 + MAX_AROUND_DATA:
        raise ValueError("frame is too large")
    return value


def _no_number(constant: str) -> None:
    """NaN is no JSON to a page."""
    raise ValueError(constant)


_scan = vars(json.JSONDecoder(parse_constant=_no_number))["scan_once"]
"""``decode`` looks for spaces around a frame as well, which takes as long as reading it."""
