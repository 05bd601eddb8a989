"""What a presence backend promises; ``tests/realtime/roster`` holds every backend to it."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from realtime.protocol import presence
from realtime.protocol.stream_names import pk_stream_name

ONLINE = ""
"""The name, which no stream has, under which every socket of a user counts."""


@dataclass(frozen=True, slots=True)
class Member:
    """A socket of a user in a stream: its id, and the user's primary key as text."""

    socket: str
    stream: str
    user: str
    since: int
    """Milliseconds since 1970, by the clock of the socket's process."""
    meta: str = field(default="{}", compare=False)
    """What is known about the user, as JSON text, where this is the first member."""


class Leave(NamedTuple):
    """A member that goes; its user may come back within ``grace`` seconds, and never left."""

    member: Member
    grace: float


@dataclass(frozen=True)
class Present:
    """A user who is in a stream: the primary key as text, and what is known about them there.

    ``sockets`` are the ids of the user's open ones, the oldest first. It is empty for a user who
    may still come back within the grace.
    """

    user: str
    meta: dict[str, Any]
    since: datetime
    sockets: tuple[str, ...] = ()

    def as_member(self) -> presence.Member:
        """Return what pages get, who know a user by the name of the user's own stream."""
        since = round(self.since.timestamp() * 1000)
        return {"user": pk_stream_name(self.user), "meta": self.meta, "since": since}


class OpenSocket(NamedTuple):
    """A socket of a user, and since when it is open, in milliseconds; older ones sort first."""

    since: int
    socket: str


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: a user's primary key as text, and the socket if one holds it."""

    user: str | None
    socket: str | None = None


@dataclass(frozen=True)
class Notice:
    """What has changed in a stream and is still to be announced, once and in order.

    The lists hold what ``Present.as_member`` returns, with the primary key in place of the stream.
    Under ``ONLINE`` it is about one user.
    """

    id: str
    """Random; the key of the event, so that a repetition adds none."""
    stream: str
    join: list[dict[str, Any]] = field(default_factory=list)
    leave: list[dict[str, Any]] = field(default_factory=list)
    update: list[dict[str, Any]] = field(default_factory=list)
    first: bool = False
    """Whether nobody was in the stream before."""
    last: bool = False
    """Whether nobody is in it any more."""

    @property
    def subject(self) -> str:
        """What it is about; notices of one subject are delivered in their order."""
        changes = self.join + self.leave
        return f"/{changes[0]['user']}" if self.stream == ONLINE else self.stream

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can carry it."""
        return asdict(self)


def new_id() -> str:
    """Return an id for a notice."""
    return uuid.uuid4().hex


class Swept(NamedTuple):
    """What a sweep found: whether there is something to announce, and when to sweep again."""

    has_notices: bool
    next_due: float | None
    """Seconds until the next user may be gone for good; None where nobody is leaving."""


Announce = Callable[[Notice], None]


class PresenceBackend(ABC):
    """Who is there, as all processes of a site see it.

    - A process has a lease, by the store's clock. Its members are there while the lease is, and a
      process without one has none: ``write`` then changes nothing and returns False.
    - A user attends a stream from the first member on, whose ``meta`` counts. When one goes, the
      user gets until the end of its grace; a user without a member at that time has left. A member
      that comes meanwhile changes nothing, and nothing is announced.
    - ``sweep`` takes away the processes whose lease has run out. Their members go as others do,
      with the grace that is given there. Any process may sweep, several may together.
    - Each join and leave of a user becomes one notice, and so does each change of ``meta``. A
      stream's notices are in the order in which it happened, and ``first`` and ``last`` alternate.
    - ``deliver`` hands a notice to one caller. On a store with transactions that is a part of the
      caller's effects in the same database: both happen once, or neither does. On another store, a
      notice whose caller is killed in the middle is delivered again.
    - A lock has one holder. A socket's ends when its member goes, a user's when the user has left.
      A holder that is not there yet gets ``LOCK_LEASE`` seconds to appear.

    The methods are sync; async code runs them in realtime's threads. Any of them raises what its
    store raises when that is away, and may be repeated.
    """

    @abstractmethod
    def write(
        self, process: str, lease: float, joins: Sequence[Member], leaves: Sequence[Leave]
    ) -> bool:
        """Renew the lease of a process for ``lease`` seconds, and note who came and went there.

        Leaves come before joins. Returns False, and has changed nothing, where the lease is gone.
        """

    @abstractmethod
    def replace(self, process: str, lease: float, members: Sequence[Member], grace: float) -> None:
        """Give a process a lease and exactly these members; others leave with that grace."""

    @abstractmethod
    def sweep(self, grace: float, notice_users: bool) -> Swept:
        """Do what is due by the store's clock: leases, joins, leaves.

        Members of a process without a lease leave with that ``grace``, in seconds. Without
        ``notice_users`` there are no notices under ``ONLINE``.
        """

    @abstractmethod
    def pending(self) -> Sequence[str]:
        """Return the ids of notices that may be delivered now: each stream's, or user's, first."""

    @abstractmethod
    def deliver(self, notice: str, announce: Announce) -> bool:
        """Call ``announce`` with the notice and remove it; it stays where that raises.

        Returns False, and has done nothing, if it is not the first one of its stream or user any
        more, or another caller has it.
        """

    @abstractmethod
    def present(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        """Return who is in each stream, in the order of ``since`` and then of the key."""

    @abstractmethod
    def listed(self, streams: Sequence[str]) -> dict[str, list[Present]]:
        """Return what the notices of each stream, and those to come, change; without sockets.

        A user who has left is in it until there is a notice of that: one who comes back before
        makes none, and nobody who took the list would know.
        """

    @abstractmethod
    def attending(self, stream: str, users: Sequence[str]) -> set[str]:
        """Return which of the users are in a stream."""

    @abstractmethod
    def sockets_of(self, users: Sequence[str]) -> dict[str, list[OpenSocket]]:
        """Return the open sockets of each user in all processes, the oldest first."""

    @abstractmethod
    def update(self, stream: str, user: str, meta: dict[str, Any]) -> str | None:
        """Set what is known about a user in a stream; returns the id of the notice.

        None where the user is not there, or it is set so already. None too where the user's join
        is not announced yet, which will then say it.
        """

    @abstractmethod
    def lock(self, name: str, holder: Holder) -> bool:
        """Take a lock; returns whether ``holder`` has it now, or had it already.

        One who has it and is not there gets ``LOCK_LEASE`` seconds again. A lock that has run out
        is free, also for the one who had it.
        """

    @abstractmethod
    def unlock(self, name: str, holder: Holder) -> bool:
        """Give a lock back; returns whether ``holder`` had it."""

    @abstractmethod
    def holders(self, names: Sequence[str]) -> dict[str, Holder]:
        """Return who holds each of the locks that are held.

        Of a lock that a socket holds, the user is known once its member is.
        """


LOCK_LEASE = 15.0
"""Seconds that a lock is kept for a holder who is not, or no longer, known to be there."""
