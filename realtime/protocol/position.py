"""Where one is in a stream: which life of it, and how far."""

from __future__ import annotations

from typing import Any, NamedTuple

NO_EPOCH = "-"
"""The epoch of streams whose events are not kept."""


class Position(NamedTuple):
    """``offset`` counts the events of a stream's life from 1, without holes; ``epoch`` names it."""

    epoch: str
    offset: int


NOWHERE = Position(NO_EPOCH, 0)
"""The position in a stream whose events are not kept."""


def parse_position(value: Any) -> Position | None:
    """Return the position that a client sent as an object, or None if it is none."""
    if not isinstance(value, dict):
        return None
    epoch, offset = value.get("epoch"), value.get("offset")
    if not isinstance(epoch, str) or not isinstance(offset, int) or isinstance(offset, bool):
        return None
    return Position(epoch, offset) if 0 <= offset < 2**63 and len(epoch) <= 64 else None
