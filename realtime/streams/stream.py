"""What a project says of a stream: who may follow it, its snapshot, what a message to it does."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from realtime.concurrency.threads import nonblocking
from realtime.exceptions import Refused


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
