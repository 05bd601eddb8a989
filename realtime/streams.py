"""Streams: who may follow one, what it looks like now, and what a message to it does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar, overload

from realtime.concurrency.threads import in_place

NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")


class Refused(Exception):
    """Raised by ``Stream.receive`` to refuse a message; its sentence goes to the sender."""


class Stream:
    """One stream, as a project describes it; subclass it and ``register`` the subclass.

    ``name`` is the whole name (``call.7``), ``key`` what follows the prefix (``7``). The methods
    may be sync (they run in a thread) or async.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def key(self) -> str:
        """What follows the prefix."""
        return self.name.partition(".")[2]

    @in_place
    def authorize(self, user: Any) -> Any:
        """Return True if ``user`` may follow this stream; nobody may, unless a subclass says so."""
        return False

    @in_place
    def snapshot(self, user: Any) -> Any:
        """Return what the stream's subject looks like now (JSON), or None to offer nothing."""
        return None

    @in_place
    def receive(self, user: Any, name: str, data: Any) -> Any:
        """Take the message ``name`` from a socket of ``user``; what is returned is the reply.

        Raises ``Refused`` with a sentence for the sender.
        """
        raise Refused(f"The stream {self.name} takes no messages.")


StreamClass = TypeVar("StreamClass", bound=type[Stream])

_registered: dict[str, type[Stream]] = {}


@overload
def register(prefix: str) -> Callable[[StreamClass], StreamClass]: ...
@overload
def register(prefix: str, stream_class: StreamClass) -> StreamClass: ...
def register(prefix: str, stream_class: Any = None) -> Any:
    """Serve the streams named ``prefix.<key>`` with a subclass of ``Stream``; also a decorator.

    An app's module ``streams`` is imported at start, so that is where registrations belong. A
    subclass of the class that serves a prefix takes its place: so an application gives
    ``UserStream`` a snapshot. Raises ``ValueError`` if the prefix is no name, or is taken.
    """
    if stream_class is None:
        return lambda decorated: register(prefix, decorated)
    if not NAME.fullmatch(prefix) or "." in prefix:
        raise ValueError(f"A prefix is letters, digits, '_' and '-', not {prefix!r}.")
    present = _registered.get(prefix, Stream)
    if not issubclass(stream_class, present):
        raise ValueError(f"The prefix {prefix!r} is taken by {present.__qualname__}.")
    _registered[prefix] = stream_class
    return stream_class


def find(name: str) -> Stream | None:
    """Return the stream of that name, or None where its prefix is not registered."""
    stream_class = _registered.get(name.partition(".")[0])
    return None if stream_class is None else stream_class(name)


def require_stream_name(name: str) -> str:
    """Return ``name``; raises ``ValueError`` if it can't name a stream."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            f"A stream's name is 1 to 80 letters, digits, '_', '.' and '-', not {name!r}."
        )
    return name


def user_stream_name(user: Any) -> str:
    """Return the name of the user's own stream; raises ``ValueError`` for one without a pk."""
    if user.pk is None:
        raise ValueError(f"{user!r} has no primary key, and so no stream.")
    return require_stream_name(f"user.{user.pk}")


@register("user")
class UserStream(Stream):
    """A user's own stream, ``user.<pk>``: only that user may follow it."""

    @in_place
    def authorize(self, user: Any) -> bool:
        return self.name == user_stream_name(user)
