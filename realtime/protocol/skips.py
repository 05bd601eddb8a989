"""Where a client is that does not get every event, so that it takes no gap for a hole."""

from __future__ import annotations

from typing import NamedTuple


class Skip(NamedTuple):
    """The events after the offset ``after``, up to ``offset``, are not for the client."""

    after: int
    offset: int


class Skips:
    """The position of one client; ``delivery.js`` is the client's half."""

    __slots__ = ("offset",)

    def __init__(self, offset: int) -> None:
        self.offset = offset
        """Up to where the client has come."""

    def to(self, offset: int) -> Skip | None:
        """Move the client to ``offset``; returns what it has to know, None if it is there."""
        if offset <= self.offset:
            return None
        skip = Skip(self.offset, offset)
        self.offset = offset
        return skip

    def hand_out(self, offset: int) -> Skip | None:
        """Note that the event with this offset goes out; returns what has to go before it."""
        skip = self.to(offset - 1)
        self.offset = offset
        return skip
