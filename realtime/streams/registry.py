"""Which class serves a stream, and whether what it says makes sense."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from realtime.conf import retention_problems
from realtime.eventlog.retention import set_retention
from realtime.protocol.rules import rules_of
from realtime.protocol.signed_names import is_signed, plain_name
from realtime.protocol.stream_names import ESCAPED_USER_PREFIX, STREAM_NAME, USER_PREFIX
from realtime.streams.signed import SignedStream, signed_class
from realtime.streams.stream import Mode, Stream

StreamClass = TypeVar("StreamClass", bound=type[Stream])

_registered: dict[str, type[Stream]] = {}


@overload
def register(prefix: str) -> Callable[[StreamClass], StreamClass]: ...
@overload
def register(prefix: str, stream_class: StreamClass) -> StreamClass: ...
def register(prefix: str, stream_class: Any = None) -> Any:
    """Serve the streams named ``prefix.<key>`` with a subclass of ``Stream``; also as a decorator.

    An app's module ``streams`` is imported at start, so that is where registrations belong. A
    subclass of the class that serves a prefix replaces it: so an application gives
    ``UserStream`` a snapshot, for the users with escaped names too. Raises ``ValueError`` if the
    prefix is no name, or is taken, or the class has an attribute that makes no sense.
    """
    if isinstance(prefix, type):
        raise TypeError(f'Name the prefix: @register("{prefix.__name__.lower()}").')
    if stream_class is None:
        return lambda decorated: register(prefix, decorated)
    if not STREAM_NAME.fullmatch(prefix) or "." in prefix:
        raise ValueError(f"A prefix is letters, digits, '_' and '-', not {prefix!r}.")
    if not isinstance(stream_class, type):
        raise TypeError(f"register takes a subclass of Stream, not {stream_class!r}.")
    if prefix == ESCAPED_USER_PREFIX:
        raise ValueError(f"The prefix {prefix!r} goes with {USER_PREFIX!r}: register that.")
    present = _registered.get(prefix, Stream)
    if not issubclass(stream_class, present):
        raise ValueError(f"The prefix {prefix!r} is taken by {present.__qualname__}.")
    retention = retention_in(stream_class)
    rules_of(stream_class)
    _require_seconds(stream_class)
    _registered[prefix] = stream_class
    for served in (prefix, ESCAPED_USER_PREFIX) if prefix == USER_PREFIX else (prefix,):
        set_retention(served, retention)
    return stream_class


def _require_seconds(stream_class: type[Stream]) -> None:
    every: Any = stream_class.reauthorize_every
    is_number = isinstance(every, int | float) and not isinstance(every, bool)
    if every is not None and not (is_number and 0 < every < math.inf):
        raise ValueError(
            f"{stream_class.__qualname__}.reauthorize_every is a number of seconds above 0, or "
            f"None, not {every!r}."
        )


def is_served(name: str) -> bool:
    """Tell whether a class serves the stream of that name."""
    return name.partition(".")[0] in _registered


def served_prefix(name: str) -> str:
    """Return the prefix whose class serves the stream of that name, or "other"."""
    prefix = name.partition(".")[0]
    prefix = USER_PREFIX if prefix == ESCAPED_USER_PREFIX else prefix
    return prefix if prefix in _registered else "other"


def expects_followers(name: str) -> bool:
    """Return whether nobody's following the stream of that name is worth a line."""
    stream_class = _registered.get(served_prefix(name))
    return stream_class is None or stream_class.expects_followers


def find(
    name: str, socket: str | None = None, given: Mapping[str, Any] | None = None
) -> Stream | None:
    """Return the stream of that name, or None where its prefix is not registered.

    A signed name has a stream also where no class serves its prefix. ``socket`` is the id of the
    one that it serves, ``given`` what its client has given for fields.
    """
    prefix = plain_name(name).partition(".")[0]
    stream_class = _registered.get(USER_PREFIX if prefix == ESCAPED_USER_PREFIX else prefix)
    if is_signed(name):
        stream_class = signed_class(stream_class or Stream)
    if stream_class is None:
        return None
    stream = stream_class(name)
    if socket is not None:
        stream._serve(socket, given or {})
    return stream


def renewed(stream: Stream) -> Stream:
    """Return a new object for the same stream: what the present one remembers may be old."""
    name = stream.signed_name if isinstance(stream, SignedStream) else stream.name
    new = type(stream)(name)
    if stream.socket is not None:
        new._serve(stream.socket, stream.given)
    return new


def retention_in(stream_class: type[Stream]) -> Mapping[str, int] | None:
    """Return what a class keeps of its streams, None for what the setting says.

    Raises ``ValueError`` for what makes no sense.
    """
    name = stream_class.__qualname__
    if stream_class.mode not in list(Mode):
        modes = ", ".join(Mode)
        raise ValueError(f"{name}.mode is one of {modes}, not {stream_class.mode!r}.")
    own = stream_class.retention
    if own is not None and (problems := retention_problems(f"{name}.retention", own)):
        raise ValueError(" ".join(problems))
    if stream_class.mode != Mode.CACHE:
        return own
    if stream_class.presence:
        raise ValueError(f"{name} has no presence: that needs events of its own, in mode log.")
    if own is not None and own.get("COUNT", 1) != 1:
        raise ValueError(f"{name}.retention has no COUNT but 1: it keeps the newest event.")
    return {**(own or {}), "COUNT": 1}
