"""A position in a stream: an epoch, and how many of its events have been seen."""

from __future__ import annotations

from typing import Any, NamedTuple

NO_EPOCH = "-"
"""The epoch of streams whose events are not kept."""


class Position(NamedTuple):
    """``offset`` counts the events of an epoch from 1, without holes; ``epoch`` is its name."""

    epoch: str
    offset: int


NOWHERE = Position(NO_EPOCH, 0)
"""The position in a stream whose events are not kept."""


def parse_position(value: Any) -> Position | None:
    """Return the position that a client sent as an object, or None if it is no position."""
    if not isinstance(value, dict):
        return None
    epoch, offset = value.get("epoch"), value.get("offset")
    if not isinstance(epoch, str) or not isinstance(offset, int) or isinstance(offset, bool):
        return None
    return Position(epoch, offset) if 0 <= offset < 2**63 and len(epoch) <= 64 else None
