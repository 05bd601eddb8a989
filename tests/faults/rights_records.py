"""What is known of a storm's rights: when each ended, what clients saw, what servers logged.

All times are seconds of the wall clock of one machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class How(StrEnum):
    """How a right ends."""

    LOGGED_OUT = "users logged out"
    WITHDRAWN = "permissions withdrawn (m2m)"
    WITHDRAWN_AND_SAID = "permissions withdrawn (SQL, reauthorize)"
    WITHDRAWN_BY_SQL = "permissions withdrawn (SQL alone)"
    DEACTIVATED_BY_SQL = "users deactivated (SQL alone)"
    DISCONNECTED = "users disconnected"
    DISCONNECTED_FOR_NOW = "users disconnected for now"


TOLD = {*How} - {How.WITHDRAWN_BY_SQL, How.DEACTIVATED_BY_SQL}
"""Of these, a message goes to all processes."""


@dataclass
class Ending:
    """A right ended: of a session (`cookie`), a user, or a user to a stream."""

    how: How
    user: str
    began: float
    committed: float
    stream: str | None = None
    cookie: str | None = None
    restored: float = math.inf
    """When it began to be given back."""
    returned: float = math.inf
    """When it was given back."""

    def __str__(self) -> str:
        return f"{self.how}: {self.user}{f' to {self.stream}' if self.stream else ''}"


@dataclass(frozen=True)
class Span:
    """A time in which a server was stopped, or Redis was away."""

    begin: float
    end: float


@dataclass(frozen=True)
class Spans:
    """When something was not there that carries out the end of a right."""

    stopped: Sequence[Span] = ()
    redis_away: Sequence[Span] = ()


@dataclass(frozen=True)
class Logged:
    """What a server's log says of a socket, or of one stream on it."""

    at: float
    socket: str
    stream: str | None = None


@dataclass(frozen=True)
class Seen:
    """A frame that a client read `at` some time, and that the server sent `after` another.

    An event is sent after it was published, an answer after the client has asked. `kind` is the
    frame's type; for the end of a subscription or a connection, its reason.
    """

    at: float
    kind: str
    stream: str | None = None
    after: float = 0.0


@dataclass
class Connection:
    """A connection of a user, by one session."""

    user: str
    cookie: str
    socket: str = ""
    opened: float = math.inf
    """When the client got `welcome`."""
    frames: list[Seen] = field(default_factory=list)


@dataclass(frozen=True)
class Logs:
    """What the servers' logs say."""

    ended: Sequence[Logged] = ()
    """Sockets, and streams on them, that a server ended for want of a right."""
    unchecked: Sequence[Logged] = ()
    """Rights that a server could not ask for in time; such a right lasts."""
    unlinked: Sequence[Span] = ()
    """When a server had no link to Redis."""
