"""The event log in the project's own database: an event is committed with the data it tells of.

The publishing transaction inserts rows without an offset and so locks no stream. After its commit
a short transaction locks the streams in the order of their names and, in a second statement,
numbers what is committed; in one statement, READ COMMITTED reads from before the lock was waited
for, and leaves holes. Whatever a crash leaves unnumbered, ``number_pending`` finds.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import Error, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F

from realtime.conf import realtime_settings
from realtime.eventlog.base import Draft, EventLog, LoggedEvent, OnNumbered, Page, new_epoch
from realtime.eventlog.commit import after_commit
from realtime.models import Event, StreamHead
from realtime.protocol.position import Position

logger = logging.getLogger(__name__)

SEED = ""
"""The name, of no stream, whose head's epoch is the seed of all first epochs."""

PENDING_BATCH = 500
"""Streams that are numbered at once after a crash."""

PRUNE_BATCH = 1000
"""Events that one statement removes, so that publishers never wait long for it."""


class DatabaseEventLog(EventLog):
    """Keeps events in the tables of ``realtime.models``, in the database that routers choose."""

    def append(self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered) -> None:
        using = self._using
        # In the order of names, since publishers with an equal key wait for each other's rows.
        Event.objects.using(using).bulk_create(
            [
                Event(
                    stream=stream,
                    event_id=draft.id,
                    key=draft.key,
                    name=draft.name,
                    data=draft.data,
                    at=draft.at,
                )
                for stream in sorted(streams)
            ],
            ignore_conflicts=draft.key is not None,
        )
        after_commit(lambda: self._number_after_commit(streams, draft, on_numbered), using)

    def _number_after_commit(
        self, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered
    ) -> None:
        try:
            numbered = self._number(streams)
        except Error as error:
            logger.error("numbering put off event=%s error=%r", draft.id, error)
        else:
            on_numbered(numbered)

    def number_pending(self) -> Sequence[LoggedEvent]:
        pending = Event.objects.using(self._using).filter(offset__isnull=True)
        streams = pending.values_list("stream", flat=True).distinct()[:PENDING_BATCH]
        return self._number(list(streams))

    def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        if not streams:
            return {}
        heads = StreamHead.objects.using(self._using).filter(name__in=[*streams, SEED])
        known = {head.name: Position(head.epoch, head.top) for head in heads}
        seed = known[SEED].epoch if SEED in known else self._new_seed()
        return {name: known.get(name) or Position(first_epoch(seed, name), 0) for name in streams}

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
                page.events.append(_logged(stream, epoch, offset, *row))
        unknown = self.positions([name for name in after if name not in pages])
        return pages | {name: Page(position, []) for name, position in unknown.items()}

    def renew(self, stream: str, epoch: str) -> Position:
        self._make_heads([stream])
        with transaction.atomic(self._using):
            head = self._locked_heads([stream])[stream]
            if head.epoch == epoch:
                self._begin_new_life(head)
            return Position(head.epoch, head.top)

    def forget(self, stream: str) -> None:
        self._make_heads([stream])
        with transaction.atomic(self._using):
            self._begin_new_life(self._locked_heads([stream])[stream])

    def prune(self) -> int:
        return self._prune_by_age() + self._prune_by_count()

    @property
    def _using(self) -> str:
        return router.db_for_write(Event)

    def _number(self, streams: Sequence[str]) -> list[LoggedEvent]:
        if not streams:
            return []
        with self._short_transaction() as connection:
            heads = self._locked_heads(streams)
            if len(heads) == len(set(streams)):
                return self._number_locked(connection, heads)
        self._make_heads(streams)
        return self._number(streams)

    def _number_locked(
        self, connection: BaseDatabaseWrapper, heads: Mapping[str, StreamHead]
    ) -> list[LoggedEvent]:
        names = list(heads)
        with connection.cursor() as cursor:
            cursor.execute(_NUMBER.format(names=_places(names)), names)
            rows = sorted(cursor.fetchall(), key=lambda row: (row[0], row[1]))
            numbered = sorted({row[0] for row in rows})
            if numbered:
                cursor.execute(_RAISE_TOPS.format(names=_places(numbered)), numbered)
        return [_logged(stream, heads[stream].epoch, *row) for stream, *row in rows]

    @contextmanager
    def _short_transaction(self) -> Iterator[BaseDatabaseWrapper]:
        """READ COMMITTED, whatever the project has: a snapshot from before the lock won't do."""
        connection = connections[self._using]
        is_outermost = not connection.in_atomic_block
        with transaction.atomic(self._using):
            isolated = connection.settings_dict.get("OPTIONS", {}).get("isolation_level")
            if is_outermost and isolated is not None and connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            yield connection

    def _locked_heads(self, streams: Iterable[str]) -> dict[str, StreamHead]:
        """Lock the heads of streams that have one, in one order for everyone."""
        locked = StreamHead.objects.using(self._using).select_for_update().order_by("name")
        return {head.name: head for head in locked.filter(name__in=set(streams))}

    def _make_heads(self, streams: Sequence[str]) -> None:
        """Make the heads that are missing; before any is locked, or publishers might deadlock."""
        first = self.positions(sorted(set(streams)))
        StreamHead.objects.using(self._using).bulk_create(
            [StreamHead(name=name, epoch=position.epoch) for name, position in first.items()],
            ignore_conflicts=True,
        )

    def _begin_new_life(self, head: StreamHead) -> None:
        Event.objects.using(self._using).filter(stream=head.name).delete()
        head.epoch, head.top, head.pruned = new_epoch(), 0, 0
        head.save(using=self._using)

    def _new_seed(self) -> str:
        seed, _ = StreamHead.objects.using(self._using).get_or_create(
            name=SEED, defaults={"epoch": new_epoch()}
        )
        return seed.epoch

    def _prune_by_age(self) -> int:
        """Go by the primary key, which is about the order of age and needs no further index."""
        oldest = int((time.time() - realtime_settings().RETENTION["AGE"]) * 1000)
        events = Event.objects.using(self._using)
        removed = 0
        while True:
            batch = events.order_by("id").values_list("id", "at", "offset")[:PRUNE_BATCH]
            old = [pk for pk, at, offset in batch if at < oldest and offset is not None]
            removed += events.filter(id__in=old).delete()[0]
            if len(old) < PRUNE_BATCH:
                return removed

    def _prune_by_count(self) -> int:
        count = realtime_settings().RETENTION["COUNT"]
        heads = StreamHead.objects.using(self._using)
        removed = 0
        over = heads.filter(top__gt=F("pruned") + count)
        for name, epoch, top in over.values_list("name", "epoch", "top"):
            same_life = heads.filter(name=name, epoch=epoch)
            events = Event.objects.using(self._using).filter(stream=name, offset__lte=top - count)
            while same_life.exists():
                ids = list(events.values_list("id", flat=True)[:PRUNE_BATCH])
                if not ids:
                    break
                removed += Event.objects.using(self._using).filter(id__in=ids).delete()[0]
            same_life.update(pruned=top - count)
        return removed


def first_epoch(seed: str, stream: str) -> str:
    """Return the epoch of a stream's first life, which needs no row before the first event.

    A view asks for positions inside its transaction, where a new row would be a lock.
    """
    return hashlib.blake2s(f"{seed}/{stream}".encode(), digest_size=8).hexdigest()


def _places(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _logged(
    stream: str, epoch: str, offset: int, event_id: str, name: str, data: str, at: int
) -> LoggedEvent:
    return LoggedEvent.of(Draft(event_id, name, data, at), stream, epoch, offset)


_NUMBER = """
    UPDATE realtime_event SET "offset" = pending.next
    FROM (
        SELECT event.id,
               head.top + row_number() OVER (PARTITION BY event.stream ORDER BY event.id) AS next
        FROM realtime_event event
        JOIN realtime_streamhead head ON head.name = event.stream
        WHERE event.stream IN ({names}) AND event."offset" IS NULL
    ) AS pending
    WHERE realtime_event.id = pending.id
    RETURNING stream, "offset", event_id, name, data, at
"""

_RAISE_TOPS = """
    UPDATE realtime_streamhead
    SET top = (SELECT max("offset") FROM realtime_event WHERE stream = realtime_streamhead.name)
    WHERE name IN ({names})
"""

# Heads and events in one statement, and so at one instant.
_READ = """
    WITH wanted (stream, after) AS (VALUES {wanted})
    SELECT head.name, head.epoch, head.top,
           event."offset", event.event_id, event.name, event.data, event.at
    FROM wanted
    JOIN realtime_streamhead head ON head.name = wanted.stream
    LEFT JOIN realtime_event event
        ON event.stream = head.name
        AND event."offset" > wanted.after AND event."offset" <= wanted.after + %s
    ORDER BY head.name, event."offset"
"""
