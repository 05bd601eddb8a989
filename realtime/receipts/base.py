"""What is known of who received an event, and what a function gets where nobody did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class DeadlineState(StrEnum):
    """How far the deadline of an event has come."""

    PENDING = "pending"
    """Nobody has received the event, and nothing has been done about it yet."""
    RECEIVED = "received"
    """A socket received it before anything was done."""
    OVERDUE = "overdue"
    """Nobody received it in time, and ``otherwise`` was called, if there is one."""
    FAILED = "failed"
    """Nobody received it in time, and ``otherwise`` failed each time it was called."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A socket that received an event, and when its pong proved it, by its process's clock.

    ``user`` is the name of the user's own stream, None for a visitor.
    """

    user: str | None
    socket: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who has received an event: the first one is the oldest."""

    event_id: str
    deadline: DeadlineState
    received: Sequence[Proof]

    @property
    def is_received(self) -> bool:
        """Whether a socket has received it, in time or later."""
        return bool(self.received)


@dataclass(frozen=True, slots=True)
class UnreceivedEvent:
    """An event that no socket received in time: what ``otherwise`` is called with.

    ``data`` is as JSON carries it, and ``at`` is when it was published.
    """

    id: str
    name: str
    data: Any
    streams: Sequence[str]
    at: datetime
