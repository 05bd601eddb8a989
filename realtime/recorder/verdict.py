"""What the answers of all processes about one event come to, without a clock or a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from realtime.recorder.base import Process


class Handed(StrEnum):
    """What one process says of an event."""

    YES = "yes"
    NOT_YET = "not yet"
    """A socket follows the stream, and has not come so far."""
    NO = "no"


class Verdict(StrEnum):
    """What all processes together know of an event."""

    RECEIVED = "received"
    BEHIND = "behind"
    UNKNOWN = "unknown"
    """A process may know, and did not answer."""
    NOBODY = "nobody"


def judge(
    answers: Mapping[str, str], processes: Iterable[Process], me: str, *, can_wait: bool = True
) -> Verdict:
    """Return what follows from the answers about one event, by process.

    ``processes`` are those that were alive when it came. ``me`` asks, and has to answer. A socket
    that is behind is waited for as long as one ``can_wait``.
    """
    given = set(answers.values())
    if Handed.YES in given:
        return Verdict.RECEIVED
    if Handed.NOT_YET in given and can_wait:
        return Verdict.BEHIND
    needed = who_may_know(processes) | {me}
    return Verdict.NOBODY if needed <= answers.keys() else Verdict.UNKNOWN


def who_may_know(processes: Iterable[Process]) -> set[str]:
    """Return who may have handed out an event and not have written that.

    One that has died could have; one that has ended by itself has written what it did.
    """
    return {one.id for one in processes if one.ended_at is None or one.has_died}
