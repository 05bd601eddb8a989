"""A queryset and a manager for what Django sends no signals of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Manager, Model, Q, QuerySet

from realtime.contrib.models.changes import publish_changes, rows, streams_before
from realtime.contrib.models.declaration import Declaration, declared
from realtime.contrib.models.receivers import deletions_together

Row = TypeVar("Row", bound=Model)

BATCH = 1000
"""Rows that one statement changes: as many as ``publish_many`` takes events."""

BATCH_OF_CONDITIONS = 200
"""Rows that one statement looks for by several fields: SQLite parses 1000 levels of ``OR``."""


class StreamedQuerySet(QuerySet[Row]):
    """Publishes what ``update``, ``bulk_update``, ``bulk_create`` and ``delete`` do to rows.

    Each is a transaction with its events.
    """

    def bulk_create(
        self,
        objs: Iterable[Row],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[Row]:
        """Do what Django's does, and publish the new rows, and those that ``unique_fields`` find.

        Nothing is published of rows of which Django doesn't know whether they were made, with
        ``ignore_conflicts``, and of those without a primary key.
        """
        declaration = declared(self.model)
        options = (batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields)
        if declaration is None or ignore_conflicts:
            return super().bulk_create(objs, *options)
        self._for_write = True
        with transaction.atomic(using=self.db):
            objs = list(objs)
            # A row that was there keeps its own key, whatever that of the instance is.
            before = self._streams_of_same(declaration, objs, unique_fields or ())
            created = super().bulk_create(objs, *options)
            keys = [row.pk for row in created if row.pk is not None]
            pks = list(dict.fromkeys([*before, *keys]))
            for start in range(0, len(pks), BATCH):
                publish_changes(declaration, self.db, pks[start : start + BATCH], before)
        return created

    def update(self, **kwargs: Any) -> int:
        """Do what Django's does, and publish the changed rows."""
        declaration = declared(self.model)
        if declaration is None:
            return super().update(**kwargs)
        self._for_write = True
        with transaction.atomic(using=self.db):
            before = streams_before(declaration, self._locked(declaration))
            pks = list(before)
            changed = 0
            for start in range(0, len(pks) or 1, BATCH):
                batch = pks[start : start + BATCH]
                changed += super(StreamedQuerySet, self.filter(pk__in=batch)).update(**kwargs)
                publish_changes(declaration, self.db, batch, before)
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Do what Django's does, and publish the deletions together."""
        declaration = declared(self.model)
        if declaration is None:
            return super().delete()
        self._for_write = True
        with transaction.atomic(using=self.db):
            # Django's own SELECT locks nothing: a row could still move to another stream.
            before = streams_before(declaration, self._locked(declaration))
            with deletions_together(declaration, self.db, before):
                return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _streams_of_same(
        self, declaration: Declaration, objs: Sequence[Row], unique: Collection[str]
    ) -> dict[Any, list[str]]:
        """Return the streams of rows with the same unique fields; NULL is the same as nothing."""
        options = self.model._meta
        fields: list[Any] = [
            options.pk if one == "pk" else options.get_field(one) for one in unique
        ]
        names = [field.attname for field in fields]
        keys = [{name: getattr(row, name) for name in names} for row in objs if names]
        same = [Q(**key) for key in keys if None not in key.values()]
        found: dict[Any, list[str]] = {}
        for start in range(0, len(same), BATCH_OF_CONDITIONS):
            either = reduce(or_, same[start : start + BATCH_OF_CONDITIONS])
            found |= streams_before(declaration, rows(declaration, self.db).filter(either))
        return found

    def _locked(self, declaration: Declaration) -> QuerySet[Model]:
        return rows(declaration, self.db).filter(pk__in=self.order_by().values("pk"))


class StreamedManager(Manager[Row]):
    """A manager whose querysets are ``StreamedQuerySet``."""

    _queryset_class = StreamedQuerySet
