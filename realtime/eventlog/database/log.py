"""The event log in the project's own database: an event is committed with its cause.

The publishing transaction inserts rows without an offset and so locks no stream; ``numbering``
gives them their offsets after its commit. Whatever a crash leaves unnumbered, ``number_pending``
finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from django.db import Error, connections, router
from django.db.models import Max
from django.db.models.functions import Now

from realtime.concurrency.connections import close_unusable
from realtime.eventlog.base import Draft, EventLog, LoggedEvent, OnNumbered, Page, random_epoch
from realtime.eventlog.commit import (
    after_commit,
    after_every_commit,
    databases_in_transaction,
    require_commit,
)
from realtime.eventlog.database import entries, leases
from realtime.eventlog.database.heads import make_heads, positions, short_transaction
from realtime.eventlog.database.moved import moved
from realtime.eventlog.database.numbering import logged, number
from realtime.eventlog.database.retention import prune_by_age, prune_by_count
from realtime.eventlog.entries import LogEntry, Moved, Recent
from realtime.logs import get_logger
from realtime.models import Event, StreamHead
from realtime.protocol.position import Position

logger = get_logger(__name__)

PENDING_BATCH = 500
"""Streams that are numbered in one go after a crash."""


class DatabaseEventLog(EventLog):
    """Keeps events in the tables of ``realtime.models``, in the database that routers choose."""

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        using = self._using
        require_commit(using)
        in_transaction = databases_in_transaction()
        if in_transaction and using not in in_transaction:
            after_every_commit(lambda: self.append(streams, draft, on_numbered))
            return
        close_unusable(connections[using])
        headless = self._insert(streams, draft)
        after_commit(
            lambda: self._number_after_commit(streams, headless, draft, on_numbered), using
        )

    def _insert(self, streams: Sequence[str], draft: Draft) -> list[str]:
        """Insert rows without an offset; returns the streams that have no head yet."""
        insert = _INSERT.format(streams=", ".join(["(%s)"] * len(streams)))
        event = [
            *(draft.id, draft.key, draft.name, draft.data, draft.at, draft.exclude),
            *(draft.origin, draft.traceparent, draft.wants_receipt),
        ]
        connection = connections[self._using]
        # Under REPEATABLE READ, a key that another publisher has just committed is an error.
        own = draft.key is not None and not connection.in_atomic_block
        with (
            short_transaction(self._using) if own else nullcontext(),
            connection.cursor() as cursor,
        ):
            cursor.execute(insert, [*streams, *event])
            have_heads = {stream for (stream,) in cursor.fetchall()}
        return [stream for stream in streams if stream not in have_heads]

    def _number_after_commit(
        self,
        streams: Sequence[str],
        headless: Sequence[str],
        draft: Draft,
        on_numbered: OnNumbered,
    ) -> None:
        try:
            make_heads(headless, self._using)
            numbered = number(streams, self._using)
        except Error as error:
            logger.error("numbering put off event=%s error=%r", draft.id, error)
        else:
            on_numbered(numbered)

    def number_pending(self) -> Sequence[LoggedEvent]:
        pending = Event.objects.using(self._using).filter(offset__isnull=True)
        streams = list(pending.values_list("stream", flat=True).distinct()[:PENDING_BATCH])
        make_heads(streams, self._using)
        return number(streams, self._using)

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        close_unusable(connections[self._using])
        return positions(streams, self._using)

    def read(self, after: Mapping[str, int], limit: int) -> dict[str, Page]:
        wanted = ", ".join(["(%s, CAST(%s AS bigint))"] * len(after))
        parameters = [value for pair in after.items() for value in pair]
        with connections[self._using].cursor() as cursor:
            cursor.execute(_READ.format(wanted=wanted), [*parameters, limit])
            rows = cursor.fetchall()
        pages: dict[str, Page] = {}
        for stream, epoch, top, offset, *row in rows:
            page = pages.setdefault(stream, Page(Position(epoch, top), []))
            if offset is not None:
                page.events.append(logged(stream, epoch, offset, *row))
        unknown = self.positions([name for name in after if name not in pages])
        pages |= {name: Page(position, []) for name, position in unknown.items()}
        begun = {name: after[name] for name, position in unknown.items() if position.offset}
        # Their events began after the first statement, and must not pass for a hole.
        return pages | self.read(begun, limit) if begun else pages

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
        return router.db_for_write(Event)

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


# In the order of names, since publishers with an equal key wait for each other's rows.
_INSERT = """
    WITH wanted (stream) AS (VALUES {streams})
    INSERT INTO realtime_event
        (stream, event_id, key, name, data, at, exclude, origin, traceparent, wants_receipt)
    SELECT stream, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM wanted ORDER BY stream
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
