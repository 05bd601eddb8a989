"""Publishes what has become of rows, as the database has them while the transaction holds them.

A row is read again after it was written: an instance knows neither the fields that it did not save
nor what an expression has made of them. The read also gives the event its version, the database's
time. It begins after the writer has the row's lock, so of two changes of a row the later one has
the higher version, whichever process makes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from django.db.models.sql import Query

from realtime import Publication, publish_many
from realtime.contrib.models.declaration import Declaration
from realtime.eventlog import event_log
from realtime.eventlog.by_prefix import EventLogByPrefix
from realtime.publications import MAX_PUBLICATIONS
from realtime.recipients import stream_names

VERSION = "realtime_version"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Before = Mapping[Any, Sequence[str]]
"""The streams that rows were in before a change, by their primary keys."""


def rows(declaration: Declaration, using: str) -> QuerySet[Model]:
    """Return all rows, locked for the transaction that changes them, if there is one.

    They are in the order of their keys, so that two who lock many never wait for each other.
    """
    queryset = declaration.model._base_manager.using(using).order_by("pk")
    connection = connections[using]
    features = connection.features
    if connection.in_atomic_block and features.has_select_for_update:
        # As an UPDATE has it: who only refers to the row need not wait.
        return queryset.select_for_update(no_key=features.has_select_for_no_key_update)
    return queryset


def streams_before(declaration: Declaration, queryset: QuerySet[Model]) -> dict[Any, list[str]]:
    """Return the streams that rows are in, before they change."""
    return {row.pk: declaration.streams(row) for row in queryset}


def publish_changes(
    declaration: Declaration, using: str, pks: Sequence[Any], before: Before
) -> None:
    """Publish what rows have become, for those that were in streams ``before`` and for new ones."""
    queryset = declaration.model._base_manager.using(using).filter(pk__in=pks).order_by("pk")
    publications: list[Publication] = []
    for row in queryset.annotate(**{VERSION: Now()}):
        version = _microseconds(getattr(row, VERSION))
        old, new = before.get(row.pk, ()), declaration.streams(row)
        left = [stream for stream in old if stream not in new]
        entered = [stream for stream in new if stream not in old]
        stayed = [stream for stream in new if stream in old]
        if left:
            publications.append(declaration.description.deletion(row.pk, version, left))
        publications += declaration.description.events(row, version, entered, stayed)
    _publish(publications)


def publish_deletions(
    deletions: Iterable[tuple[Declaration, Any, Sequence[str]]], using: str
) -> None:
    """Publish that rows are gone, each from the streams that it was in."""
    gone = [deletion for deletion in deletions if deletion[2]]
    if gone:
        version = _now(using)
        _publish([one.description.deletion(pk, version, left) for one, pk, left in gone])


def _publish(publications: Sequence[Publication]) -> None:
    for together in _by_log(publications):
        for start in range(0, len(together), MAX_PUBLICATIONS):
            publish_many(together[start : start + MAX_PUBLICATIONS])


def _by_log(publications: Sequence[Publication]) -> Iterable[Sequence[Publication]]:
    """Return what goes to each log, where there are several: one publish goes to one of them."""
    log = event_log()
    if not isinstance(log, EventLogByPrefix):
        return [publications]
    found: defaultdict[str, list[Publication]] = defaultdict(list)
    for one in publications:
        parts: defaultdict[str, list[str]] = defaultdict(list)
        for stream in stream_names(one.to):
            parts[log.name_for(stream)].append(stream)
        for prefix, streams in parts.items():
            found[prefix].append(replace(one, to=streams))
    return found.values()


def _now(using: str) -> int:
    query = Query(None)
    query.add_annotation(Now(), VERSION)
    ((now,),) = query.get_compiler(using=using).results_iter()
    return _microseconds(now)


def _microseconds(time: datetime) -> int:
    # Without USE_TZ it is naive.
    return (time.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
