"""Compares what clients received with what was committed: nothing missing, twice or disordered.

Pure: it takes the rows of the log, the publisher's ledger and the clients' records, and returns the
problems, a sentence each.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from realtime.protocol.position import Position


@dataclass(frozen=True)
class Row:
    """An event in the database; the publisher gives a token to what it publishes once.

    An event of presence has none.
    """

    stream: str
    offset: int | None
    id: str
    token: str | None


@dataclass(frozen=True)
class Entry:
    """A line of the publisher's ledger: what it published, and whether that was committed."""

    token: str
    streams: Sequence[str]
    committed: bool
    wrote: bool = False
    """Whether the same transaction wrote other data."""


@dataclass(frozen=True)
class Begun:
    """A client starts here: with its first `subscribed`, or again after a reset."""

    at: Position


@dataclass(frozen=True)
class Received:
    """A client received an event."""

    at: Position
    id: str
    replayed: bool = False


@dataclass(frozen=True)
class Log:
    """A stream as it was committed: the event of offset n is `ids[n - 1]`."""

    epoch: str
    ids: Sequence[str]
    pruned: int = 0

    @property
    def top(self) -> Position:
        return Position(self.epoch, len(self.ids))


def check_log(rows: Iterable[Row], ledger: Iterable[Entry], written: Iterable[str]) -> list[str]:
    """Compare the log with the ledger; `written` are the tokens of the other data."""
    rows, ledger = list(rows), list(ledger)
    return [
        *_check_offsets(rows),
        *_check_events(rows, [entry for entry in ledger if entry.committed]),
        *_check_written(set(written), {one.token for one in ledger if one.committed and one.wrote}),
    ]


def _check_offsets(rows: Sequence[Row]) -> Iterator[str]:
    offsets: dict[str, list[int]] = {}
    for row in rows:
        if row.offset is None:
            yield f"{row.stream}: {row.token or row.id} was not numbered"
        else:
            offsets.setdefault(row.stream, []).append(row.offset)
    for stream, numbers in offsets.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"{stream}: offsets with holes or repeats: {sorted(numbers)}"


def _check_events(rows: Sequence[Row], committed: Sequence[Entry]) -> Iterator[str]:
    found = Counter((row.stream, row.token) for row in rows if row.token is not None)
    expected = {(stream, entry.token) for entry in committed for stream in entry.streams}
    for stream, token in expected - found.keys():
        yield f"{stream}: {token} was committed and is not in the log"
    for (stream, token), times in found.items():
        if (stream, token) not in expected:
            yield f"{stream}: {token} is in the log and was not committed"
        elif times > 1:
            yield f"{stream}: {token} is {times} times in the log"


def _check_written(written: set[str], expected: set[str]) -> Iterator[str]:
    for token in written ^ expected:
        yield f"{token}: other data and event were not committed together"


def check_client(
    records: Mapping[str, Sequence[Begun | Received]], logs: Mapping[str, Log]
) -> list[str]:
    """Compare what a client received, stream by stream, with the logs."""
    return [
        f"{stream}: {problem}"
        for stream, record in records.items()
        for problem in _check_record(record, logs[stream])
    ]


def _check_record(record: Sequence[Begun | Received], log: Log) -> Iterator[str]:
    if not record or not isinstance(record[0], Begun):
        yield "received something before its first position"
        return
    position = record[0].at
    for one in record[1:]:
        if isinstance(one, Begun):
            if position.epoch == log.epoch and position.offset >= log.pruned:
                yield f"started again from {one.at} when at {position}, which is kept"
            position = one.at
            continue
        yield from _check_event(one, position, log)
        position = max(position, one.at, key=lambda at: at.offset)
    if position != log.top:
        yield f"missing at the end: it came to {position}, the log to {log.top}"


def _check_event(event: Received, position: Position, log: Log) -> Iterator[str]:
    epoch, offset = event.at
    if epoch != log.epoch or not 1 <= offset <= len(log.ids) or log.ids[offset - 1] != event.id:
        yield f"foreign: {event} is not in the log"
    elif offset <= position.offset:
        yield f"twice or too late: {event} when at {position}"
    elif offset > position.offset + 1:
        yield f"missing: {event} when at {position}"


def resets(record: Sequence[Begun | Received]) -> int:
    """Count how often a client had to start again."""
    return sum(isinstance(one, Begun) for one in record[1:])
