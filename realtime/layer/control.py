"""The channel layer's messages about rights: the one file that writes them and reads them.

They go to the group of all hubs, and each process does what they ask for the sockets that it has.
One may be lost, so nothing depends on it: a re-check finds the same later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from dataclasses import fields as fields_of
from typing import Any

from realtime.layer import fields
from realtime.layer.groups import every_hub
from realtime.layer.messages import GroupMessage, Message
from realtime.layer.reading import log_dropped
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.stream_names import require_stream_name

CONTROL_TYPE = "realtime.control"
"""The type of a message about rights; its ``kind`` says what it asks for."""

MAX_NAMES = 1000
"""Users, sockets or sessions that one message names; more are several messages."""

MAX_REASON = 100
"""Characters of the longest reason that goes to a client."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """Asks the database about these users now, each by the name of their own stream.

    It is a hint: what the database says counts.
    """

    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndSessions:
    """Ends the sockets of sessions that are over: ``access.login.session_digest`` of each key."""

    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Ends the sockets of users, or those with an id; of both, those ids that are the users' own.

    ``users`` are the names of their own streams. ``reason`` is for people; without one, the code's
    own goes to the client.
    """

    users: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    code: CloseCode = CloseCode.DISCONNECTED
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.users and not self.sockets:
            raise ValueError("Name the users or the sockets to disconnect.")
        require_reason(self.reason)


@dataclass(frozen=True, slots=True)
class Reauthorize:
    """Asks ``authorize`` again for what a user follows, for who follows a stream, or for all.

    ``user`` is the name of the user's own stream.
    """

    user: str | None = None
    stream: str | None = None


Control = Recheck | EndSessions | Disconnect | Reauthorize

_KINDS: dict[str, type[Control]] = {
    "recheck": Recheck,
    "end_sessions": EndSessions,
    "disconnect": Disconnect,
    "reauthorize": Reauthorize,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def control_messages(control: Control) -> list[GroupMessage]:
    """Return the messages that ask all processes for it."""
    kind = {"type": CONTROL_TYPE, "kind": _NAMES[type(control)]}
    return [(every_hub(), {**kind, **_written(part)}) for part in _parts(control)]


def is_control(message: Any) -> bool:
    """Tell whether a message of the layer is one of these."""
    return isinstance(message, dict) and message.get("type") == CONTROL_TYPE


def control_in(message: Message) -> Control | None:
    """Read a message about rights; None for a kind that only a later version knows.

    What is malformed is dropped, with one line in the log: anybody may send to a group.
    """
    try:
        kind = _KINDS.get(fields.text("kind", message["kind"]))
        return None if kind is None else kind(**_read(kind, message))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        log_dropped(error)
        return None


def require_reason(reason: str) -> str:
    """Return a reason that a client may get; raises ``ValueError`` for another."""
    if not isinstance(reason, str) or len(reason) > MAX_REASON or not reason.isprintable():
        raise ValueError(f"A reason is at most {MAX_REASON} printable characters, not {reason!r}.")
    return reason


def _parts(control: Control) -> Iterator[Control]:
    """Split what names more than one message may."""
    match control:
        case Recheck(users=names):
            yield from (replace(control, users=part) for part in _chunks(names))
        case EndSessions(digests=names):
            yield from (replace(control, digests=part) for part in _chunks(names))
        case Disconnect(users=names, sockets=()):
            yield from (replace(control, users=part) for part in _chunks(names))
        case Disconnect(sockets=names):
            yield from (replace(control, sockets=part) for part in _chunks(names))
        case Reauthorize():
            yield control


def _chunks(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(names), MAX_NAMES):
        yield names[start : start + MAX_NAMES]


def _written(control: Control) -> Message:
    return {name: _plain(value) for name, value in asdict(control).items()}


def _plain(value: Any) -> Any:
    """Return a value as any layer carries it."""
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, CloseCode) else value


def _read(kind: type[Control], message: Message) -> dict[str, Any]:
    return {one.name: _READERS[one.name](message[one.name]) for one in fields_of(kind)}


def _code(value: Any) -> CloseCode:
    if type(value) is not int:
        raise TypeError("code is no whole number")
    return CloseCode(value)  # type: ignore[call-arg]


def _texts(value: Any) -> tuple[str, ...]:
    return _several(value, lambda one: fields.text("name", one))


def _streams(value: Any) -> tuple[str, ...]:
    return _several(value, require_stream_name)


def _several(value: Any, require: Callable[[Any], str]) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise TypeError(f"names are a list of at most {MAX_NAMES}")
    return tuple(require(one) for one in value)


def _stream_or_none(value: Any) -> str | None:
    return None if value is None else require_stream_name(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "users": _streams,
    "sockets": _texts,
    "digests": _texts,
    "code": _code,
    "reason": require_reason,
    "user": _stream_or_none,
    "stream": _stream_or_none,
}
"""Reads the value of each field, and raises what is wrong with it."""
