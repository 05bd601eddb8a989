"""Streams: who may follow one, its snapshot, and what a message to it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from realtime.concurrency.threads import nonblocking
from realtime.exceptions import Refused
from realtime.protocol.stream_names import (
    ESCAPED_USER_PREFIX,
    STREAM_NAME,
    USER_PREFIX,
    user_stream_name,
)

__all__ = ["Refused", "Stream", "UserStream", "register"]


class Stream:
    """One stream, as a project describes it; subclass it and ``register`` the subclass.

    ``name`` is the whole name (``call.7``), ``key`` what follows the prefix (``7``). The methods
    may be sync (they run in a thread) or async.
    """

    presence: bool = False
    """Whether those who follow this stream get a list of who follows it."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def key(self) -> str:
        """What follows the prefix."""
        return self.name.partition(".")[2]

    @nonblocking
    def authorize(self, user: Any) -> bool | Awaitable[bool]:
        """Return True if ``user`` may follow this stream; nobody may, unless a subclass says so."""
        return False

    @nonblocking
    def snapshot(self, user: Any) -> Any:
        """Return the present state of the stream's subject (JSON), or None to offer nothing."""
        return None

    @nonblocking
    def receive(self, user: Any, name: str, data: Any) -> Any:
        """Take the message ``name`` from a socket of ``user``; what is returned is the reply.

        Raises ``Refused`` with a sentence for the sender.
        """
        raise Refused(f"The stream {self.name} takes no messages.")

    @nonblocking
    def presence_meta(self, user: Any, wanted: dict[str, Any]) -> Any:
        """Return what the list says of ``user``, whose page wants it to say ``wanted``.

        It is asked when a socket of the user subscribes, with ``{}``, and whenever the page sets
        something. What it returns is an object of at most 1 KiB as JSON.

        Raises ``Refused`` with a sentence for the page.
        """
        return wanted


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
    prefix is no name, or is taken.
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
    _registered[prefix] = stream_class
    return stream_class


def is_served(name: str) -> bool:
    """Tell whether a class serves the stream of that name."""
    return name.partition(".")[0] in _registered


def find(name: str) -> Stream | None:
    """Return the stream of that name, or None where its prefix is not registered."""
    prefix = name.partition(".")[0]
    stream_class = _registered.get(USER_PREFIX if prefix == ESCAPED_USER_PREFIX else prefix)
    return None if stream_class is None else stream_class(name)


@register(USER_PREFIX)
class UserStream(Stream):
    """A user's own stream, ``user.<pk>``: only that user may follow it.

    A primary key that can't stand in a name is escaped there, so don't read it from ``key``: the
    methods get the user.
    """

    @nonblocking
    def authorize(self, user: Any) -> bool:
        return self.name == user_stream_name(user)
