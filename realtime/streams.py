"""Streams: who may follow one, its snapshot, and what a message to it does."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from realtime.access.signed_names import may_follow, sign
from realtime.concurrency.threads import nonblocking
from realtime.exceptions import Refused
from realtime.protocol.signed_names import is_signed, plain_name
from realtime.protocol.stream_names import (
    ESCAPED_USER_PREFIX,
    STREAM_NAME,
    USER_PREFIX,
    require_stream_name,
    user_stream_name,
)

__all__ = ["Refused", "Stream", "UserStream", "register", "sign_stream"]


class Stream:
    """One stream, as a project describes it; subclass it and ``register`` the subclass.

    ``name`` is the whole name (``call.7``), ``key`` what follows the prefix (``7``). The methods
    may be sync (they run in a thread) or async.
    """

    presence: bool = False
    """Whether those who follow this stream get a list of who follows it."""
    public: bool = False
    """Whether visitors may ask to follow, where ``REALTIME["ANONYMOUS"]`` lets them in."""
    reauthorize_every: float | None = 300.0
    """Seconds after which ``authorize`` is asked again for a socket that follows the stream.

    A fifth more or less, at random. None: only after ``reauthorize()``, and changes of the user,
    groups and permissions.
    """

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
    prefix is no name, or is taken, or if ``reauthorize_every`` is no number above 0.
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
    _require_seconds(stream_class)
    _registered[prefix] = stream_class
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


def find(name: str) -> Stream | None:
    """Return the stream of that name, or None where its prefix is not registered.

    A signed name has a stream also where no class serves its prefix.
    """
    prefix = name.partition(".")[0]
    stream_class = _registered.get(USER_PREFIX if prefix == ESCAPED_USER_PREFIX else prefix)
    if is_signed(name):
        return _signed_class(stream_class or Stream)(name)
    return None if stream_class is None else stream_class(name)


def renewed(stream: Stream) -> Stream:
    """Return a new object for the same stream: what the present one remembers may be old."""
    name = stream.signed_name if isinstance(stream, SignedStream) else stream.name
    return type(stream)(name)


def sign_stream(to: Any, *, user: Any = None, seconds: float | None = None) -> str:
    """Return a name of the stream ``to`` that allows its holder to follow it.

    ``to`` is a stream's name, or a user, who stands for their own stream. With ``user`` it is good
    for that user alone, and with ``seconds`` for so long from now; else for as long as the site's
    ``SECRET_KEY`` is. Raises ``ValueError`` or ``TypeError`` for what can't be signed.
    """
    return sign(
        require_stream_name(to) if isinstance(to, str) else _stream_of(to),
        user=None if user is None else _stream_of(user),
        seconds=seconds,
    )


def _stream_of(user: Any) -> str:
    """Of any other object with a primary key, it would be the stream of a stranger."""
    if not hasattr(user, "is_authenticated"):
        raise TypeError(f"Name a stream, or a user, not {user!r}.")
    return user_stream_name(user)


class SignedStream(Stream):
    """A stream that is followed by a signed name, which decides instead of ``authorize``.

    All else is that of the class that serves the prefix, but for messages, which it takes from none
    of these followers.
    """

    public = True
    reauthorize_every = 60.0  # It asks nobody.

    def __init__(self, signed_name: str) -> None:
        super().__init__(plain_name(signed_name))
        self.signed_name = signed_name

    @nonblocking
    def authorize(self, user: Any) -> bool:
        return may_follow(self.signed_name, user)

    @nonblocking
    def receive(self, user: Any, name: str, data: Any) -> Any:
        raise Refused(f"A signed name allows to follow {self.name}, and not to send to it.")


def _signed_class(stream_class: type[Stream]) -> type[Stream]:
    if stream_class not in _signed_classes:
        name = f"Signed{stream_class.__name__}"
        _signed_classes[stream_class] = type(name, (SignedStream, stream_class), {})
    return _signed_classes[stream_class]


_signed_classes: dict[type[Stream], type[Stream]] = {}


@register(USER_PREFIX)
class UserStream(Stream):
    """A user's own stream, ``user.<pk>``: only that user may follow it.

    A primary key that can't stand in a name is escaped there, so don't read it from ``key``: the
    methods get the user.
    """

    reauthorize_every = None  # The answer never changes.

    @nonblocking
    def authorize(self, user: Any) -> bool:
        return self.name == user_stream_name(user)
