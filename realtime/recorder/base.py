"""What the flight recorder keeps, and what a backend of it promises.

All times are seconds since 1970, by the clock of the process that served the socket. What there is
for each socket is not frozen: to make a frozen one takes ten times as long.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

EXACT_STEPS = 32
"""The newest steps of a following, which stand for one event each."""

JOINED_STEPS = 48
"""Where there are more steps than these, those before the exact ones may stand for several."""


class EndedBy(StrEnum):
    """Who ended a socket."""

    SERVER = "server"
    CLIENT = "client"
    PROCESS = "process"
    """Its process died with it."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that serves sockets, or did."""

    id: str
    host: str
    pid: int
    server: str
    started_at: float
    ended_at: float | None = None
    has_died: bool = False
    """Whether it ended without saying so; ``ended_at`` is then when its lease ran out."""


@dataclass(slots=True)
class Step:
    """Events of a stream, up to ``offset`` and after the step before.

    The times are those by which it had happened to all of them; for the newest events of a life,
    of which there is a step for each, they are exact.
    """

    offset: int
    handed_at: float
    proved_at: float | None = None
    """When a pong had proved that they had arrived."""
    is_replay: bool = False
    """Whether they came from the log, after the socket had come back or fallen behind."""


@dataclass(slots=True)
class Following:
    """What one socket was handed of one stream, of the events after ``began_after``."""

    stream: str
    epoch: str
    since: float
    began_after: int
    handed: int
    """The offset of the last event that was handed out."""
    proved: int
    """The offset of the last event that was proved to have arrived."""
    until: float | None = None
    steps: Sequence[Step] = ()
    """In order; of a long life the older ones are joined."""
    selects: bool = False
    """Whether the stream's class selects events for its followers.

    Then those that have no step of their own may not have been for this one.
    """

    def may_have_joined(self, offset: int) -> bool:
        """Tell whether an event of a class that selects may be among steps that were joined."""
        exact_from = self.steps[-EXACT_STEPS].offset if len(self.steps) > JOINED_STEPS else 0
        return self.selects and self.began_after < offset < exact_from

    def step_of(self, offset: int) -> Step | None:
        """Return the step with which an event was handed out, None if it was not.

        Where the class selects events, None is also for one whose step was joined to others.
        """
        if offset <= self.began_after:
            return None
        step = next((step for step in self.steps if step.offset >= offset), None)
        return None if step is not None and self.selects and step.offset > offset else step


@dataclass(slots=True)
class Life:
    """A socket's life, as far as it has come."""

    socket: str
    process: str
    user: str | None
    """The name of the user's own stream, None for a visitor."""
    user_agent: str
    opened_at: float
    ended_at: float | None = None
    code: int | None = None
    ended_by: EndedBy | None = None
    latency: float | None = None
    """Seconds of the last round trip."""
    proved_at: float | None = None
    """When the last pong came."""
    followings: Sequence[Following] = ()


class RecorderBackend(ABC):
    """Keeps lives for ``RECORD_AGE`` seconds; its methods are sync, and called in threads.

    Whatever was not written, because the backend was away, is missing afterwards; no socket waits
    for it.
    """

    @abstractmethod
    def write(
        self, process: Process, lease: float, opened: Sequence[Life], ended: Sequence[Life]
    ) -> None:
        """Write lives that have begun, those that are over, and that ``process`` is alive.

        A life is in each of the two at most once. One that has begun may be written again, with
        those of its followings that have ended and all that have not; of these, what was handed
        out need not be kept. ``lease`` is in seconds: a process that writes nothing for that long
        has died.
        """

    @abstractmethod
    def stop(self, process: str) -> None:
        """Note that a process ends, after its last ``write``."""

    @abstractmethod
    def processes(self, since: float) -> Sequence[Process]:
        """Return the processes that were alive at ``since`` or later."""

    @abstractmethod
    def followers(self, stream: str, begin: float, end: float) -> Sequence[Life]:
        """Return the lives that followed a stream between two times, with that following alone.

        Of a life that is not over, it is what was known when it was written.
        """

    @abstractmethod
    def lives_of(self, user: str, begin: float, end: float) -> Sequence[Life]:
        """Return the lives of a user's sockets between two times, with their followings."""

    @abstractmethod
    def open_lives(self, after: str, limit: int) -> Sequence[Life]:
        """Return lives that are not over in processes that are alive, by socket, after one."""

    @abstractmethod
    def prune(self, age: float) -> int:
        """Remove what ended more than ``age`` seconds ago; returns how many lives went."""
