"""What an event log promises; ``tests/realtime/eventlog`` holds every backend to it."""

from __future__ import annotations

import hashlib
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from realtime.eventlog.entries import LogEntry, Moved, Recent
from realtime.protocol import frames
from realtime.protocol.position import Position


@dataclass(frozen=True)
class Draft:
    """An event before it has a position: ``data`` is JSON text, ``at`` in milliseconds."""

    id: str
    name: str
    data: str
    at: int
    key: str | None = None
    exclude: str | None = None
    """The id of a socket that does not get the event."""
    origin: str | None = None
    """What published it: a request, a task or a command."""
    traceparent: str | None = None
    """The trace that it belongs to (W3C Trace Context)."""
    wants_receipt: bool = False
    """Whether it is to be noted which sockets proved that they received it."""


@dataclass(frozen=True)
class LoggedEvent:
    """An event with its position."""

    stream: str
    epoch: str
    offset: int
    id: str
    name: str
    frame: str
    """The ``event`` frame, encoded once for all followers."""
    exclude: str | None = None
    origin: str | None = None
    wants_receipt: bool = False
    committed_at: int | None = field(default=None, compare=False)
    """Milliseconds of the publisher's clock after its commit, where a broadcast brought it."""

    @classmethod
    def of(cls, draft: Draft, stream: str, epoch: str, offset: int) -> LoggedEvent:
        """Give a draft its position."""
        frame = frames.event(
            *(stream, draft.name, draft.data),
            event_id=draft.id,
            at=draft.at,
            offset=offset,
            traceparent=draft.traceparent,
        )
        about = draft.exclude, draft.origin, draft.wants_receipt
        return cls(stream, epoch, offset, draft.id, draft.name, frame, *about)

    @cached_property
    def data(self) -> Any:
        """What the event says."""
        return json.loads(self.frame)["data"]

    @cached_property
    def replayed_frame(self) -> str:
        """The frame as it is sent when it comes from the log."""
        return frames.replayed(self.frame)


@dataclass(frozen=True)
class Page:
    """What a read found: the stream's ``position`` at that instant, and events in order."""

    position: Position
    events: list[LoggedEvent]


class Addressed(NamedTuple):
    """An event to be appended, and the streams that it goes to, each once."""

    streams: Sequence[str]
    draft: Draft


OnNumbered = Callable[[Sequence[LoggedEvent]], None]
AfterNumbering = Callable[[Sequence[LoggedEvent]], Awaitable[None]]


class EventLog(ABC):
    """An ordered log for each stream.

    - The events of a stream have the offsets 1, 2, 3, ... without holes or repeats.
    - An event whose ``append`` began after another's commit has the higher offset; concurrent ones
      get one order, the same for everyone.
    - Who has read offset n has been able to read all offsets below it.
    - Offsets count within an epoch, whose name is random. A stream that was forgotten begins a new
      epoch at offset 0. One whose log is found to have gone back begins a new epoch as well, with
      the events that there are: nothing that is kept goes but by ``forget`` and by retention.
    - A ``key`` names one event of a stream: appending it again changes nothing, for at least as
      long as the event is kept.
    - Old events go, by count and by age, oldest first; ``retention_of`` says how many stay of a
      stream. Offsets are never reused within an epoch. Ages are by the log's own clock: a draft's
      ``at`` may be wrong.
    - Whom an event is not for (``exclude``) is read as it was written.

    The methods are sync; async code runs them in realtime's threads. Any of them raises what its
    store raises when that is away, and has then changed nothing.
    """

    appends_in_loop: bool = False
    """Whether it has ``append_in_loop``; otherwise async code appends in a thread."""

    @abstractmethod
    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        """Append a draft to each of the streams, if and when the caller's transaction commits.

        ``on_numbered`` then gets the events that have been given their offsets; where another
        process was faster in doing so, that one broadcasts them, and they are not among these.
        """

    def append_many(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        """Do what ``append`` does for several events; in each stream, they have this order.

        A log that knows transactions appends all or none. One without this method of its own
        appends one after the other.
        """
        for streams, draft in events:
            self.append(streams, draft, on_numbered)

    async def append_in_loop(
        self, events: Sequence[Addressed], on_numbered: AfterNumbering
    ) -> None:
        """Do what ``append_many`` does, in an event loop, where no transaction is open."""
        raise NotImplementedError

    @abstractmethod
    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        """Return the position of the last event of each stream; offset 0 where there is none."""

    @abstractmethod
    def read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        """Return, for each stream, at most ``limit`` events after an offset.

        Where the first event of a page is not the next one, or a page is empty although the
        position is further, the events in between are no longer kept.
        """

    @abstractmethod
    def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        """Begin a new epoch if the stream is still in ``epoch``; returns its position then.

        With ``beyond``, do so only if the stream has not come as far as that offset, which is to be
        decided where it is written and not on a copy. The events stay, at their offsets.
        """

    @abstractmethod
    def forget(self, stream: str) -> None:
        """Erase a stream's events, and begin a new epoch if there were any."""

    @abstractmethod
    def prune(self) -> int:
        """Remove what retention no longer keeps; returns how many events went."""

    def prune_in_turn(self, process: str, seconds: float) -> None:
        """Do what ``prune`` does, unless another process has within ``seconds``.

        A log that processes share and that has leases should know: all of them ask for it.
        """
        self.prune()

    def number_pending(self) -> Sequence[LoggedEvent]:
        """Number events whose publisher died after its commit; returns them, to be broadcast."""
        return ()

    def moved(self, cursor: str | None, limit: int) -> Moved:
        """Return the streams that got an event or began an epoch since a cursor of ``moved``.

        That is what others can read by now, whatever the time at which it was written; a stream may
        be returned twice. The cost follows the events. There are no positions where the cursor is
        None, or too old, or not of what the log holds now (it was restored, or lost keys); where
        about ``limit`` streams or more have moved; and where the log can't say.
        """
        return Moved(None, None)

    def recent(self, cursor: str | None, limit: int = 1000) -> Recent:
        """Return the events of all streams that were numbered after a cursor, ``limit`` at most.

        Those of one publish may be more. Each is returned once, ``entries.SETTLED_AFTER`` seconds
        after it was numbered; the cost follows the events. None is the cursor of now. A log that is
        no database may have forgotten older ones; one that can't say returns none.
        """
        return Recent(cursor or "", ())

    def find(self, *, id: str | None = None, key: str | None = None) -> Sequence[LogEntry]:
        """Return the events with an id or a key, in every stream, as far as the log can find them.

        Of more than ``entries.MAX_FOUND`` the newest.
        """
        return ()

    def between(self, stream: str, begin: float, end: float, limit: int) -> Sequence[LogEntry]:
        """Return the events of a stream that were numbered between two times, oldest first.

        Where there are more than ``limit``, the newest of them.
        """
        return ()

    def take_lease(self, task: str, process: str, seconds: float) -> str | None:
        """Take the right to do what one process does at a time, None where another one has it.

        Returns the note of the last holder, if that had the lease ``entries.NOTE_FOR`` seconds ago
        or later, and otherwise an empty one. Of a log without leases nobody gets any.
        """
        return None

    def keep_lease(self, task: str, process: str, seconds: float, note: str) -> bool:
        """Keep a lease for ``seconds`` from now, with a note; returns False if another has it."""
        return False


def random_epoch() -> str:
    """Return the name of a new epoch; 64 random bits."""
    return secrets.token_urlsafe(8)


def first_epoch(seed: str, stream: str) -> str:
    """Return the epoch of a stream that has had no event yet, which a log need not remember.

    ``seed`` is a random text of the log. Anybody may ask for names of their own choice.
    """
    return hashlib.blake2s(f"{seed}/{stream}".encode(), digest_size=8).hexdigest()
