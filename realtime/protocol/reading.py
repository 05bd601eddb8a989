"""Reads the frames of ``realtime.v1`` that a client sent, and checks their fields."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from realtime.exceptions import FrameError
from realtime.protocol.frames import AUTHENTICATE, Frame
from realtime.protocol.signed_names import MAX_SIGNED_NAME

MAX_NONCE = 128
"""Characters of the longest nonce that is repeated to its sender."""

MAX_TICKET = 8192
"""Characters of the longest ticket; a JWT has about a thousand."""


def decode(text: str | None, max_bytes: int) -> Frame:
    """Return the frame in ``text`` (None: a binary frame came) with its fields checked.

    Raises ``FrameError`` for a frame of over ``max_bytes`` bytes, or of no or wrong form.
    """
    if text is None:
        raise FrameError("bad_frame", "Frames are text, not bytes.")
    check_size(text, max_bytes)
    try:
        frame = (_strict_decoder if _may_overflow(text) else _decoder).decode(text)
    except (ValueError, RecursionError):
        raise FrameError("bad_frame", "The frame is not JSON.") from None
    if not isinstance(frame, dict):
        raise FrameError("bad_frame", "A frame is a JSON object.")
    ref = frame.get("ref")
    if ref is not None and not _is_ref(ref):
        raise FrameError("bad_frame", "ref is a whole number or a string of up to 128 characters.")
    if not isinstance(frame.get("type"), str):
        raise FrameError("bad_frame", "A frame has a type.", ref)
    _check_fields(frame, ref)
    return frame


def check_size(text: str, max_bytes: int) -> None:
    """Raise ``FrameError`` for a frame of over ``max_bytes`` bytes."""
    if len(text) > max_bytes or len(text.encode(errors="surrogatepass")) > max_bytes:
        raise FrameError("too_large", f"A frame has at most {max_bytes} bytes.")


def _no_number(constant: str) -> None:
    """Python reads NaN and Infinity, which are not JSON and could not be written again."""
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


_decoder = json.JSONDecoder(parse_constant=_no_number)
"""Made once: ``json.loads`` would make one for each frame, at 4 % of what a heartbeat costs."""

_strict_decoder = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)
"""It calls a Python function for each number, which takes twice the time."""

_HIGH_EXPONENT = re.compile(r"[0-9][eE]\+?[0-9]{3}")

_DIGITS = 100
"""Digits in a row that are surely found where 200 are, if each so many characters are tried.

A number of fewer digits and an exponent of two is below 1e308, the largest that a float takes.
"""


def _may_overflow(text: str) -> bool:
    """Tell whether a number in ``text`` may be too large for a float, and be read as Infinity."""
    if _HIGH_EXPONENT.search(text) is not None:
        return True
    starts = range(0, len(text) - _DIGITS, _DIGITS)
    return any(text[start : start + _DIGITS].isdigit() for start in starts)


def _is_ref(ref: Any) -> bool:
    if isinstance(ref, str):
        return len(ref) <= 128
    return isinstance(ref, int) and not isinstance(ref, bool)


_STRINGS = {
    AUTHENTICATE: ("ticket",),
    "ping": ("nonce",),
    "pong": ("nonce",),
    "subscribe": ("stream",),
    "unsubscribe": ("stream",),
    "send": ("stream", "name"),
    "presence": ("stream",),
}


_LONGEST = {"stream": MAX_SIGNED_NAME, "ticket": MAX_TICKET}


def _check_fields(frame: Frame, ref: int | str | None) -> None:
    if frame["type"] not in _STRINGS:
        raise FrameError("unknown_type", f"There is no frame type {frame['type'][:40]!r}.", ref)
    for field in _STRINGS[frame["type"]]:
        value, longest = frame.get(field), _LONGEST.get(field, MAX_NONCE)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise FrameError("bad_frame", f"{field} is a string of 1 to {longest} characters.", ref)
        if field == "ticket" and not is_ticket(value):
            raise FrameError("bad_frame", "A ticket is ASCII characters that can be printed.", ref)


def is_ticket(text: str) -> bool:
    """Tell whether a text may be a ticket: so its checks meet no strange characters."""
    return 0 < len(text) <= MAX_TICKET and text.isascii() and text.isprintable()


def heartbeat_frame(text: str | None) -> Frame | None:
    """Return the heartbeat in ``text``, or None where the frame belongs to the application.

    On a socket whose other frames are an application's own, only an object with exactly ``type``
    (``ping`` or ``pong``) and a string ``nonce`` is a heartbeat.
    """
    if text is None or len(text) > 2 * MAX_NONCE or '"nonce"' not in text:
        return None
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict) or frame.keys() != {"type", "nonce"}:
        return None
    if frame["type"] not in ("ping", "pong") or not isinstance(frame["nonce"], str):
        return None
    return frame
