"""Streams: who may follow one, its snapshot, and what a message to it does."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar, overload

from realtime.access.signed_names import may_follow, sign
from realtime.concurrency.threads import nonblocking
from realtime.conf import retention_problems
from realtime.eventlog.retention import set_retention
from realtime.exceptions import Refused
from realtime.protocol.rules import rules_of
from realtime.protocol.signed_names import is_signed, plain_name
from realtime.protocol.stream_names import (
    ESCAPED_USER_PREFIX,
    STREAM_NAME,
    USER_PREFIX,
    require_stream_name,
    user_stream_name,
)

__all__ = ["Mode", "Refused", "Stream", "UserStream", "register", "sign_stream"]


class Mode(StrEnum):
    """What a follower who comes gets of the events that there were."""

    LOG = "log"
    """Those after the position that it resumes from."""
    CACHE = "cache"
    """The newest one, which is also the only one that is kept."""


class Stream:
    """One stream, as a project describes it; subclass it and ``register`` the subclass.

    ``name`` is the whole name (``call.7``), ``key`` what follows the prefix (``7``). The methods
    may be sync (they run in a thread) or async. Each follower has an instance of its own.
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
    mode: Mode = Mode.LOG
    retention: Mapping[str, int] | None = None
    """``COUNT``, ``AGE`` or both, in place of those of the setting ``RETENTION``."""
    fields: Sequence[str] = ()
    """Fields of the events' data for which a follower has to have the same ``field_values``."""
    extra: Sequence[str] = ()
    """Fields that a client may give when it subscribes; it gets them with each event."""
    order: str | None = None
    """A field with a number: an event that has not a higher one than those before it is dropped."""
    order_key: str | None = None
    """A field: events with different values of it have orders of their own."""
    throttle: float | None = None
    """Seconds in which a follower gets one event of each name at most, the newest."""
    throttle_key: str | None = None
    """A field: of each of its values, a follower gets one event in that time."""
    expects_followers: bool = True
    """Whether it is said that an event was delivered to nobody."""
    heartbeat_every: float = 30.0
    """Seconds between two calls of ``on_heartbeat``, at least."""

    socket: str | None = None
    """The id of the socket that this instance serves, for ``publish(exclude=...)``."""
    given: Mapping[str, Any] = {}
    """What the client has given for the fields in ``extra``."""

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
    def field_values(self, user: Any) -> Any:
        """Return the values that this follower has of ``fields``, a dict; what the client gave."""
        return self.given

    @nonblocking
    def snapshot(self, user: Any) -> Any:
        """Return the present state of the stream's subject, or None to offer nothing.

        It is what ``publish`` takes as ``data``.
        """
        return None

    @nonblocking
    def receive(self, user: Any, name: str, data: Any) -> Any:
        """Take the message ``name`` from a socket of ``user``; what is returned is the reply.

        Raises ``Refused`` with a sentence for the sender.
        """
        raise Refused(f"The stream {self.name} takes no messages.")

    @nonblocking
    def before_subscribe(self, user: Any) -> Any:
        """Raise ``Refused`` with a sentence for the client, or let it subscribe."""

    @nonblocking
    def on_subscribe(self, user: Any) -> Any:
        """Do what follows a subscription; the client has its answer."""

    @nonblocking
    def before_unsubscribe(self, user: Any) -> Any:
        """Raise ``Refused`` with a sentence for the client, or let it unsubscribe."""

    @nonblocking
    def on_unsubscribe(self, user: Any) -> Any:
        """Do what follows the end of a subscription, however it ended."""

    @nonblocking
    def on_heartbeat(self, user: Any) -> Any:
        """Do what has to be done again and again while the client is proved to be there."""

    def _serve(self, socket: str, given: Mapping[str, Any]) -> None:
        self.socket = socket
        if given:
            self.given = given

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
        stream_class = _signed_class(stream_class or Stream)
    if stream_class is None:
        return None
    stream = stream_class(name)
    if socket is not None:
        stream._serve(socket, given or {})
    return stream


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


def renewed(stream: Stream) -> Stream:
    """Return a new object for the same stream: what the present one remembers may be old."""
    name = stream.signed_name if isinstance(stream, SignedStream) else stream.name
    new = type(stream)(name)
    if stream.socket is not None:
        new._serve(stream.socket, stream.given)
    return new


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
