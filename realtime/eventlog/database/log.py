"""The event log in the project's own database: an event is committed with its cause.

The publishing transaction inserts rows without an offset and so locks no stream; ``numbering``
gives them their offsets after its commit. Whatever a crash leaves unnumbered, ``number_pending``
finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections, router

from realtime.concurrency.connections import close_unusable
from realtime.concurrency.group_commit import GroupCommit
from realtime.eventlog.base import (
    Addressed,
    Draft,
    EventLog,
    LoggedEvent,
    OnNumbered,
    Page,
)
from realtime.eventlog.commit import (
    after_commit,
    after_every_commit,
    require_commit,
)
from realtime.eventlog.database import entries, epochs, leases
from realtime.eventlog.database.heads import make_heads, positions
from realtime.eventlog.database.inserting import insert, streams_of
from realtime.eventlog.database.moved import moved
from realtime.eventlog.database.numbering import number
from realtime.eventlog.database.reading import read, read_all
from realtime.eventlog.database.replica import Replica
from realtime.eventlog.database.retention import prune_by_age, prune_by_count
from realtime.eventlog.entries import PRUNING, LogEntry, Moved, Recent
from realtime.logs import get_logger
from realtime.models import Event
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
        self._replica = None if replica is None else Replica(replica, read)
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
        headless = insert(events, using)
        committed = _Committed(streams_of(events), headless, [draft.id for _, draft in events])
        after_commit(lambda: self._number_after_commit(committed, using, on_numbered), using)

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
        return pages | read_all(after, limit, self._using)

    def new_epoch(self, stream: str, epoch: str, beyond: int | None = None) -> Position:
        return epochs.new_epoch(stream, epoch, beyond, self._using)

    def forget(self, stream: str) -> None:
        epochs.forget(stream, self._using)

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
