"""The event log in the project's own database: an event is committed with its cause.

The publishing transaction inserts rows without an offset and so locks no stream; ``numbering``
gives them their offsets after its commit. Whatever a crash leaves unnumbered, ``number_pending``
finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections, router
from django.db.models import Max
from django.db.models.functions import Now

from realtime.concurrency.connections import close_unusable
from realtime.concurrency.group_commit import GroupCommit
from realtime.eventlog.base import (
    Addressed,
    Draft,
    EventLog,
    LoggedEvent,
    OnNumbered,
    Page,
    random_epoch,
)
from realtime.eventlog.commit import (
    after_commit,
    after_every_commit,
    require_commit,
)
from realtime.eventlog.database import entries, leases
from realtime.eventlog.database.heads import make_heads, positions, short_transaction
from realtime.eventlog.database.moved import moved
from realtime.eventlog.database.numbering import logged, number
from realtime.eventlog.database.replica import Replica
from realtime.eventlog.database.retention import prune_by_age, prune_by_count
from realtime.eventlog.entries import PRUNING, LogEntry, Moved, Recent
from realtime.logs import get_logger
from realtime.models import Event, StreamHead
from realtime.protocol.position import Position

logger = get_logger(__name__)

PENDING_BATCH = 500
"""Streams that are numbered in one go after a crash."""

PATIENCE = 0.5
"""Seconds after which a publisher no longer waits for the thread that numbers for it.

Somebody may have locked one stream, and publishers to others need not wait for that.
"""


class DatabaseEventLog(EventLog):
    """Keeps events in the tables of ``realtime.models``, in the database that routers choose.

    ``database`` names another one. ``replica`` names a copy of it, which replays are read from as
    far as it has come. Raises ``ImproperlyConfigured`` for what is not in ``DATABASES``.
    """

    def __init__(self, database: str | None = None, replica: str | None = None) -> None:
        for alias in filter(None, (database, replica)):
            if alias not in connections.databases:
                raise ImproperlyConfigured(f"The event log's {alias!r} is not in DATABASES.")
        self._database = database
        self._replica = None if replica is None else Replica(replica, _read)
        self._numberings: dict[str, GroupCommit[_Committed, list[LoggedEvent]]] = {}

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        self.append_many([Addressed(streams, draft)], on_numbered)

    def append_many(self, events: Sequence[Addressed], on_numbered: OnNumbered) -> None:
        using = self._using
        in_transaction = require_commit(using)
        if in_transaction and using not in in_transaction:
            after_every_commit(lambda: self.append_many(events, on_numbered))
            return
        close_unusable(connections[using])
        headless = self._insert(events)
        committed = _Committed(_streams_of(events), headless, [draft.id for _, draft in events])
        after_commit(lambda: self._number_after_commit(committed, using, on_numbered), using)

    def _insert(self, events: Sequence[Addressed]) -> list[str]:
        """Insert rows without an offset; returns the streams that have no head yet."""
        rows = [_row(number, draft) for number, (_, draft) in enumerate(events)]
        wanted: list[tuple[Any, ...]] = [
            (number, name) for number, (names, _) in enumerate(events) for name in names
        ]
        insert = _INSERT.format(events=_values(rows), wanted=_values(wanted))
        connection = connections[self._using]
        # Under REPEATABLE READ, a key that another publisher has just committed is an error.
        has_key = any(draft.key is not None for _, draft in events)
        own = has_key and not connection.in_atomic_block
        with (
            short_transaction(self._using) if own else nullcontext(),
            connection.cursor() as cursor,
        ):
            cursor.execute(insert, list(chain(*rows, *wanted)))
            have_heads = {stream for (stream,) in cursor.fetchall()}
        return [stream for stream in _streams_of(events) if stream not in have_heads]

    def _number_after_commit(
        self, committed: _Committed, using: str, on_numbered: OnNumbered
    ) -> None:
        try:
            if connections[using].in_atomic_block:  # A test's, which runs its hooks inside.
                on_numbered(_number_together(using, [committed]))
            else:
                self._numbering(using).join(committed, on_numbered)
        except Error as error:
            logger.error("numbering put off event=%s error=%r", ",".join(committed.ids), error)

    def _numbering(self, using: str) -> GroupCommit[_Committed, list[LoggedEvent]]:
        if using not in self._numberings:
            together = partial(_number_together, using)
            self._numberings.setdefault(using, GroupCommit(together, Error, PATIENCE))
        return self._numberings[using]

    def number_pending(self) -> Sequence[LoggedEvent]:
        pending = Event.objects.using(self._using).filter(offset__isnull=True)
        streams = list(pending.values_list("stream", flat=True).distinct()[:PENDING_BATCH])
        make_heads(streams, self._using)
        return number(streams, self._using)

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        close_unusable(connections[self._using])
        return positions(streams, self._using)

    def read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        pages: dict[str, Page] = {}
        if self._replica is not None:
            pages = self._replica.pages(after, limit, self.positions(list(after)))
            after = {name: offset for name, offset in after.items() if name not in pages}
        return pages | self._read_all(after, limit)

    def _read_all(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        pages = _read(after, limit, self._using)
        unknown = self.positions([name for name in after if name not in pages])
        pages |= {name: Page(position, []) for name, position in unknown.items()}
        begun = {name: after[name] for name, position in unknown.items() if position.offset}
        # Their events began after the first statement, and must not pass for a hole.
        return pages | self._read_all(begun, limit) if begun else pages

    def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        make_heads([stream], self._using)
        with short_transaction(self._using):
            head = self._locked_head(stream)
            if head.epoch == epoch and (beyond is None or head.top < beyond):
                head.epoch, head.top = random_epoch(), max(head.top, self._last_offset(stream))
                head.begun_at = Now()
                head.save(using=self._using, update_fields=["epoch", "top", "begun_at"])
            return Position(head.epoch, head.top)

    def forget(self, stream: str) -> None:
        if not self._was_used(stream):
            return
        make_heads([stream], self._using)
        with short_transaction(self._using):
            head = self._locked_head(stream)
            Event.objects.using(self._using).filter(stream=stream).delete()
            head.epoch, head.top, head.pruned = random_epoch(), 0, 0
            head.begun_at = Now()
            head.save(using=self._using)

    def prune(self) -> int:
        return prune_by_age(self._using) + prune_by_count(self._using)

    def prune_in_turn(self, process: str, seconds: float) -> None:
        if self.take_lease(PRUNING, process, seconds) is not None:
            self.prune()

    def moved(self, cursor: str | None, limit: int) -> Moved:
        close_unusable(connections[self._using])
        return moved(cursor, limit, self._using)

    def recent(self, cursor: str | None, limit: int = 1000) -> Recent:
        close_unusable(connections[self._using])
        return entries.recent(cursor, limit, self._using)

    def find(self, *, id: str | None = None, key: str | None = None) -> Sequence[LogEntry]:
        column, value = ("key", key) if id is None else ("event_id", id)
        return () if value is None else entries.find(column, value, self._using)

    def between(self, stream: str, begin: float, end: float, limit: int) -> Sequence[LogEntry]:
        return entries.between(stream, begin, end, limit, self._using)

    def take_lease(self, task: str, process: str, seconds: float) -> str | None:
        close_unusable(connections[self._using])
        return leases.take(task, process, seconds, self._using)

    def keep_lease(self, task: str, process: str, seconds: float, note: str) -> bool:
        return leases.keep(task, process, seconds, note, self._using)

    @property
    def _using(self) -> str:
        return self._database or router.db_for_write(Event)

    def _last_offset(self, stream: str) -> int:
        """Return what the head's top should be; where they were restored apart it may be lower."""
        events = Event.objects.using(self._using).filter(stream=stream)
        return events.aggregate(last=Max("offset"))["last"] or 0

    def _was_used(self, stream: str) -> bool:
        used = StreamHead.objects.using(self._using).filter(name=stream, top__gt=0)
        # Of a first event, the head may be missing still.
        return used.exists() or Event.objects.using(self._using).filter(stream=stream).exists()

    def _locked_head(self, stream: str) -> StreamHead:
        return StreamHead.objects.using(self._using).select_for_update().get(name=stream)


class _Committed(NamedTuple):
    """What is to be numbered after a commit."""

    streams: Sequence[str]
    headless: Sequence[str]
    """Those that had no head when their events were inserted."""
    ids: Sequence[str]


def _number_together(
    using: str, commits: Sequence[_Committed], again: bool = False
) -> list[LoggedEvent]:
    """Number what was committed, if nobody else has; so nothing is done twice ``again``."""
    make_heads(list({name for one in commits for name in one.headless}), using)
    return number(list({name for one in commits for name in one.streams}), using)


def _read(after: Mapping[str, int], limit: int, using: str) -> dict[str, Page]:
    """Return the pages of those streams that have a head in a database, all of one instant."""
    if not after:
        return {}
    wanted = ", ".join(["(%s, CAST(%s AS bigint))"] * len(after))
    parameters = [value for pair in after.items() for value in pair]
    with connections[using].cursor() as cursor:
        cursor.execute(_READ.format(wanted=wanted), [*parameters, limit])
        rows = cursor.fetchall()
    pages: dict[str, Page] = {}
    for stream, epoch, top, offset, *row in rows:
        page = pages.setdefault(stream, Page(Position(epoch, top), []))
        if offset is not None:
            page.events.append(logged(stream, epoch, offset, *row))
    return pages


def _streams_of(events: Sequence[Addressed]) -> list[str]:
    return list(dict.fromkeys(name for streams, _ in events for name in streams))


def _row(number: int, draft: Draft) -> tuple[Any, ...]:
    return (
        *(number, draft.id, draft.key, draft.name, draft.data, draft.at, draft.exclude),
        *(draft.origin, draft.traceparent, draft.wants_receipt),
    )


def _values(rows: Sequence[tuple[Any, ...]]) -> str:
    """Return the placeholders of rows that are equally long."""
    return ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))


# In the order of names, since publishers with an equal key wait for each other's rows.
_INSERT = """
    WITH event (number, event_id, key, name, data, at, exclude, origin, traceparent, receipt)
        AS (VALUES {events}),
    wanted (number, stream) AS (VALUES {wanted})
    INSERT INTO realtime_event
        (stream, event_id, key, name, data, at, exclude, origin, traceparent, wants_receipt)
    SELECT stream, event_id, key, name, data, at, exclude, origin, traceparent, receipt
    FROM wanted JOIN event ON event.number = wanted.number
    ORDER BY stream, wanted.number
    ON CONFLICT (stream, key) DO NOTHING
    RETURNING (SELECT head.name FROM realtime_streamhead head WHERE head.name = stream)
"""

# Heads and events in one statement, and so at one instant.
_READ = """
    WITH wanted (stream, after) AS (VALUES {wanted})
    SELECT head.name, head.epoch, head.top,
           event."offset", event.event_id, event.name, event.data, event.at, event.exclude,
           event.origin, event.traceparent, event.wants_receipt
    FROM wanted
    JOIN realtime_streamhead head ON head.name = wanted.stream
    LEFT JOIN realtime_event event
        ON event.stream = head.name
        AND event."offset" > wanted.after AND event."offset" <= wanted.after + %s
    ORDER BY head.name, event."offset"
"""
