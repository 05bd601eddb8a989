"""The frames of ``realtime.v1``: reading what a client sent, and writing what a server says."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, TypedDict

from realtime.exceptions import FrameError
from realtime.protocol.position import Position
from realtime.protocol.presence import Member
from realtime.protocol.signed_names import MAX_SIGNED_NAME

VERSION = 1
SUBPROTOCOL = f"realtime.v{VERSION}"
VERSIONS = "realtime.v"
"""How the subprotocols begin that are versions of this one."""
TICKET_PROTOCOL = "realtime.ticket"
"""The subprotocol that announces a ticket in the first frame; with ``.<ticket>``, it has one."""

AUTHENTICATE = "authenticate"
"""The type of the frame with a ticket."""

MAX_NONCE = 128
"""Characters of the longest nonce that is repeated to its sender."""

MAX_TICKET = 8192
"""Characters of the longest ticket; a JWT has about a thousand."""

Frame = dict[str, Any]
Default = Callable[[Any], Any]
"""Returns what stands in JSON for a value that JSON has no type for, or raises ``TypeError``."""


class Limits(TypedDict):
    """What ``welcome`` says of the server's limits, which a client keeps by itself."""

    frames_per_second: int
    frame_bytes: int
    streams: int


def encode(value: Any, default: Default | None = None) -> str:
    """Return the text of a frame, or of a part of one, without spaces."""
    if default is None:
        return _encoder.encode(value)
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=default)


_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
"""Made once, as the decoders are."""


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


def authenticate(ticket: str) -> str:
    """Write the frame that signs a client in."""
    return encode({"type": AUTHENTICATE, "ticket": ticket})


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


def welcome(
    socket: str,
    interval: float,
    timeout: float,
    *,
    now: int,
    me: str | None = None,
    limits: Limits | None = None,
) -> str:
    """Write the first frame: the socket's id, the heartbeat in seconds, ``now`` in milliseconds.

    ``me`` and ``limits`` are left out where the frames are the application's own.
    """
    frame: Frame = {"type": "welcome", "version": VERSION, "socket": socket}
    if me is not None:
        frame["me"] = me
    frame["heartbeat"] = {"interval": float(interval), "timeout": float(timeout)}
    frame["now"] = now
    if limits is not None:
        frame["limits"] = limits
    return encode(frame)


def ping(nonce: str) -> str:
    """Write a ping."""
    return f'{{"type":"ping","nonce":"{nonce}"}}'


def pong(nonce: str) -> str:
    """Write the answer to the client's ping with that nonce."""
    return encode({"type": "pong", "nonce": nonce})


def bye(code: int, reason: str, *, retry: bool, after: int | None = None) -> str:
    """Write the last frame before a close; ``after`` is in milliseconds."""
    frame: Frame = {"type": "bye", "code": int(code), "reason": reason, "retry": retry}
    if after is not None:
        frame["after"] = after
    return encode(frame)


def is_bye(text: str) -> bool:
    """Tell whether a frame that this server wrote is the last one before a close."""
    return text.startswith('{"type":"bye"')


def error(code: str, message: str, ref: int | str | None = None) -> str:
    """Write an error; ``ref`` names the frame that it answers, if that had one."""
    return _with_ref({"type": "error", "code": code, "message": message}, ref)


def subscribed(
    stream: str,
    ref: int | str | None,
    position: Position,
    *,
    recovered: bool,
    snapshot: Any = None,
    presence: list[Member] | None = None,
    default: Default | None = None,
) -> str:
    """Write the answer to a subscribe, with the stream's position."""
    frame: Frame = {"type": "subscribed", "stream": stream, **position._asdict()}
    frame["recovered"] = recovered
    return _with_ref({**frame, **_state(snapshot, presence)}, ref, default)


def skipped(stream: str, after: int, offset: int) -> str:
    """Write that the events after one offset, up to another, are not for this client."""
    return encode({"type": "skipped", "stream": stream, "after": after, "offset": offset})


def reset(
    stream: str,
    position: Position,
    snapshot: Any = None,
    presence: list[Member] | None = None,
    default: Default | None = None,
) -> str:
    """Write that a subscription could not be continued and starts again from ``position``."""
    frame: Frame = {"type": "reset", "stream": stream, **position._asdict()}
    return encode({**frame, **_state(snapshot, presence)}, default)


def _state(snapshot: Any, presence: list[Member] | None) -> Frame:
    """Return the fields for what a client begins with; a stream need not offer them."""
    fields = {"snapshot": snapshot, "presence": presence}
    return {name: value for name, value in fields.items() if value is not None}


def unsubscribed(stream: str, ref: int | str | None, reason: str = "asked") -> str:
    """Write the end of a subscription."""
    return _with_ref({"type": "unsubscribed", "stream": stream, "reason": reason}, ref)


def reply(data: Any, ref: int | str | None, default: Default | None = None) -> str:
    """Write the application's answer to a ``send``."""
    return _with_ref({"type": "reply", "data": data}, ref, default)


def event(
    stream: str,
    name: str,
    data: str,
    *,
    event_id: str,
    at: int,
    offset: int | None = None,
    traceparent: str | None = None,
) -> str:
    """Write an event, ephemeral without ``offset``.

    ``data`` is JSON text already, ``at`` is in milliseconds.
    """
    position = "" if offset is None else f',"offset":{offset}'
    names = f'"id":{json.dumps(event_id)},"name":{json.dumps(name)}'
    trace = "" if traceparent is None else f',"traceparent":{json.dumps(traceparent)}'
    return (
        f'{{"type":"event","stream":"{stream}"{position},{names},"data":{data},"at":{at}{trace}}}'
    )


def is_of_stream(text: str, stream: str) -> bool:
    """Tell whether a frame that was written here carries an event or a state of that stream."""
    return any(text.startswith(f'{{"type":"{kind}","stream":"{stream}"') for kind in _OF_STREAM)


_OF_STREAM = ("event", "skipped", "subscribed", "reset")


def replayed(event_frame: str) -> str:
    """Write an event of the log as one that is replayed from it."""
    return f'{event_frame[:-1]},"replayed":true}}'


def extended(event_frame: str, extra: str) -> str:
    """Write an event with the fields that its follower has given, ``extra``, a JSON object."""
    return f'{event_frame[:-1]},"extra":{extra}}}'


def _with_ref(frame: Frame, ref: int | str | None, default: Default | None = None) -> str:
    return encode(frame if ref is None else {**frame, "ref": ref}, default)
