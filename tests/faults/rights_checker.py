"""Finds what clients received after their right to it had ended, and rights that ended unjustly.

Pure: it takes the ledger of rights, the clients' connections and the servers' log lines, and
returns the problems, a sentence each.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tests.faults.rights_records import (
    TOLD,
    Connection,
    Ending,
    How,
    Logged,
    Logs,
    Seen,
    Span,
    Spans,
)
from tests.faults.waits import JITTER, REAUTHORIZE, RECHECK

BUSY = 2.0
"""Seconds that a busy machine may take longer."""
LATE = 12.0
"""Seconds by which an answer of the past may come late: servers and clients are stopped for 6."""
CHECKED_WITHIN = {
    How.LOGGED_OUT: RECHECK * JITTER,
    How.WITHDRAWN: REAUTHORIZE * JITTER,
    How.WITHDRAWN_AND_SAID: REAUTHORIZE * JITTER,
    How.WITHDRAWN_BY_SQL: REAUTHORIZE * JITTER,
    How.DEACTIVATED_BY_SQL: RECHECK * JITTER,
    How.DISCONNECTED: math.inf,
    How.DISCONNECTED_FOR_NOW: math.inf,
}
"""Seconds within which a check finds an end of which no message came."""
TOLD_WITHIN = 1.0
GONE = {"bye 4406", "bye 4501", "bye 4504", "bye 4506", "forbidden"}
"""What a client gets whose right has ended."""


def check_rights(
    connections: Sequence[Connection],
    endings: Sequence[Ending],
    spans: Spans,
    logs: Logs,
) -> list[str]:
    """Check everything."""
    spans = replace(spans, redis_away=[*spans.redis_away, *logs.unlinked])
    return [
        *check_bounds(connections, endings, spans, logs.unchecked),
        *check_silence(connections),
        *check_carried_out(connections, logs.ended),
        *check_justice(connections, endings),
    ]


def check_bounds(
    connections: Iterable[Connection],
    endings: Sequence[Ending],
    spans: Spans,
    unchecked: Sequence[Logged],
) -> Iterator[str]:
    """Find what was handed out later than it may be, to one without the right."""
    dues = [(ending, due_of(ending, spans)) for ending in endings]
    for connection in connections:
        failed = [one for one in unchecked if one.socket == connection.socket]
        own = [
            (ending, due)
            for ending, due in dues
            if ending.user == connection.user and not _is_unchecked(ending, failed)
        ]
        for frame in connection.frames:
            for ending, due in own:
                if _was_over(ending, connection, frame) and frame.after > due:
                    late = frame.after - ending.committed
                    yield f"handed out {late:.1f} s late ({ending}): {frame} on {connection.socket}"


def due_of(ending: Ending, spans: Spans) -> float:
    """Return when each process has to have carried it out; one that is stopped has no time."""
    within = TOLD_WITHIN
    if ending.how not in TOLD or _overlap(spans.redis_away, ending, TOLD_WITHIN):
        within = CHECKED_WITHIN[ending.how]
    due = ending.committed + within + BUSY
    for span in sorted(spans.stopped, key=lambda span: span.begin):
        if span.begin < due and span.end > ending.began:
            due = max(due, span.end + within + BUSY)
    return due


def _is_unchecked(ending: Ending, failed: Iterable[Logged]) -> bool:
    """Tell whether it was not found out in time; it is asked for again after 30 s."""
    return any(one.stream == ending.stream and one.at > ending.began for one in failed)


def _overlap(spans: Iterable[Span], ending: Ending, within: float) -> bool:
    ends = ending.committed + within
    return any(span.begin < ends and span.end > ending.began for span in spans)


def _was_over(ending: Ending, connection: Connection, frame: Seen) -> bool:
    """Tell whether an end leaves no right to a frame, once it is carried out."""
    if frame.kind not in ("event", "subscribed", "welcome"):
        return False
    if ending.stream is not None and frame.stream != ending.stream:
        return False
    if ending.cookie is not None:
        return connection.cookie == ending.cookie
    if ending.how in (How.DISCONNECTED, How.DISCONNECTED_FOR_NOW):
        return connection.opened < ending.began
    return frame.at < ending.restored


def check_silence(connections: Iterable[Connection]) -> Iterator[str]:
    """Find events of a stream after its end on the same connection, and frames after `bye`."""
    for connection in connections:
        followed: set[str | None] = set()
        is_over = False
        for frame in connection.frames:
            if is_over:
                yield f"after the end of {connection.socket}: {frame}"
            is_over = is_over or frame.kind.startswith("bye")
            if frame.kind == "event" and frame.stream not in followed:
                yield f"not followed on {connection.socket}: {frame}"
            elif frame.kind in ("subscribed", "reset"):
                followed.add(frame.stream)
            elif frame.kind in ("forbidden", "internal"):
                followed.discard(frame.stream)


def check_carried_out(connections: Iterable[Connection], ended: Iterable[Logged]) -> Iterator[str]:
    """Find events that a process handed to a socket after it had ended the right there."""
    by_socket = {connection.socket: connection for connection in connections}
    for one in ended:
        connection = by_socket.get(one.socket)
        subscribed: dict[str | None, float] = {}
        for frame in connection.frames if connection else ():
            if frame.kind == "subscribed":
                subscribed[frame.stream] = frame.at
            if frame.kind != "event" or one.stream not in (None, frame.stream):
                continue
            # One who has subscribed again since gets also what was published meanwhile.
            if subscribed.get(frame.stream, math.inf) < one.at < frame.after:
                yield f"handed out after {one}: {frame}"


def check_justice(connections: Iterable[Connection], endings: Sequence[Ending]) -> Iterator[str]:
    """Find rights that were taken from one who had them."""
    for connection in connections:
        own = [ending for ending in endings if ending.user == connection.user]
        for frame in connection.frames:
            if frame.kind in GONE and not any(_explains(ending, frame) for ending in own):
                yield f"without a reason, {connection.user} on {connection.socket}: {frame}"


def _explains(ending: Ending, frame: Seen) -> bool:
    if frame.stream is not None and ending.stream != frame.stream:
        return False
    if frame.stream is None and ending.stream is not None:
        return False
    return ending.began <= frame.at <= ending.returned + LATE
