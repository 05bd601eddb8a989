"""Times as the tables have them: whole milliseconds."""

from __future__ import annotations


def in_ms(seconds: float | None) -> int | None:
    """Return seconds since 1970 as milliseconds."""
    return None if seconds is None else round(seconds * 1000)


def in_seconds(ms: int | None) -> float | None:
    """Return milliseconds since 1970 as seconds."""
    return None if ms is None else ms / 1000
