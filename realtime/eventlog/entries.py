"""What a log says of its events besides what followers get: when each came, and from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realtime.protocol.position import Position

SETTLED_AFTER = 2.0
"""Seconds after its numbering until an event is among the recent ones.

Transactions that number are short, but don't commit in the order of their times; by then they have.
"""

MAX_FOUND = 100
"""Entries with one key or id that a log returns, the newest."""

NOTE_FOR = 30.0
"""Seconds after the end of a lease for which its holder's note is handed on."""

PRUNING = "prune"
"""The task of the lease that the pruning process has."""


@dataclass(frozen=True)
class LogEntry:
    """An event of one stream in the log; its times are seconds since 1970."""

    stream: str
    epoch: str
    offset: int | None
    """None while it was committed, and nobody has numbered it yet."""
    id: str
    name: str
    at: float
    """When it was published, by the publisher's clock."""
    logged_at: float
    """When the log took it, by the log's clock; the commit came later."""
    numbered_at: float | None
    """When it got its offset, by the log's clock; None where that is not known."""
    key: str | None = None
    exclude: str | None = None
    """The socket that does not get it."""
    origin: str | None = None
    """What published it: a request, a task or a command."""


@dataclass(frozen=True)
class Recent:
    """The entries after a cursor, in the order of their numbering, and the cursor after them."""

    cursor: str
    entries: Sequence[LogEntry]


@dataclass(frozen=True)
class Moved:
    """The streams that have moved since a cursor, where they are now, and the cursor after them.

    Without ``positions`` any stream may have moved; without a cursor the log never knows more.
    """

    cursor: str | None
    positions: Mapping[str, Position] | None
