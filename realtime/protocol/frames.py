"""Writes the frames of ``realtime.v1``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypedDict

from realtime.protocol.position import Position
from realtime.protocol.presence import Member

VERSION = 1
SUBPROTOCOL = f"realtime.v{VERSION}"
VERSIONS = "realtime.v"
"""How the subprotocols begin that are versions of this one."""
TICKET_PROTOCOL = "realtime.ticket"
"""The subprotocol that announces a ticket in the first frame; with ``.<ticket>``, it has one."""

AUTHENTICATE = "authenticate"
"""The type of the frame with a ticket."""

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
"""Made once, as the decoders of ``reading`` are."""


def authenticate(ticket: str) -> str:
    """Write the frame that signs a client in."""
    return encode({"type": AUTHENTICATE, "ticket": ticket})


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
    names = f'"id":{encode(event_id)},"name":{encode(name)}'
    trace = "" if traceparent is None else f',"traceparent":{encode(traceparent)}'
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
