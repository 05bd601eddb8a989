"""What all backends do with what they have read: lives that a process took with it, and times."""

from __future__ import annotations

from dataclasses import replace

from realtime.recorder.base import EndedBy, Life, Process


def as_of(life: Life, process: Process | None) -> Life:
    """Return a life as it is by now: one that nobody has ended was ended with its process.

    ``process`` is None where nothing is known of it any more.
    """
    if life.ended_at is not None or (process is not None and process.ended_at is None):
        return life
    ended_at = life.opened_at if process is None or process.ended_at is None else process.ended_at
    return replace(life, ended_at=max(life.opened_at, ended_at), ended_by=EndedBy.PROCESS)


def overlaps(life: Life, begin: float, end: float) -> bool:
    """Tell whether a socket was open at some time between two times."""
    return life.opened_at <= end and (life.ended_at is None or life.ended_at >= begin)


def follows(life: Life, stream: str, begin: float, end: float) -> Life | None:
    """Return a life with what it followed of a stream between two times, None if that is nothing.

    A following that nobody has ended was ended with the life.
    """
    if not overlaps(life, begin, end):
        return None
    followings = tuple(
        one
        for one in life.followings
        if one.stream == stream
        and one.since <= end
        and (one.until if one.until is not None else end) >= begin
    )
    return replace(life, followings=followings) if followings else None
