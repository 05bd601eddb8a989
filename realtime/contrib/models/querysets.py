"""A queryset and a manager for what Django sends no signals of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Manager, Model, QuerySet

from realtime.contrib.models.changes import publish_changes, rows, streams_before
from realtime.contrib.models.declaration import Declaration, declared
from realtime.contrib.models.receivers import deletions_together

Row = TypeVar("Row", bound=Model)

BATCH = 1000
"""Rows that one statement changes: as many as ``publish_many`` takes events."""


class StreamedQuerySet(QuerySet[Row]):
    """Publishes what ``update``, ``bulk_update``, ``bulk_create`` and ``delete`` do to rows.

    Each is a transaction with its events.
    """

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        """Do what Django's does, and publish the new rows.

        Nothing is published of rows of which Django doesn't know whether they were made, with
        ``ignore_conflicts``, and of those without a primary key.
        """
        declaration = declared(self.model)
        self._for_write = True
        with transaction.atomic(using=self.db):
            created = super().bulk_create(objs, *args, **kwargs)
            is_known = not kwargs.get("ignore_conflicts", len(args) > 1 and args[1])
            if declaration is not None and is_known:
                pks = [row.pk for row in created if row.pk is not None]
                for start in range(0, len(pks), BATCH):
                    publish_changes(declaration, self.db, pks[start : start + BATCH], {})
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

    def _locked(self, declaration: Declaration) -> QuerySet[Model]:
        return rows(declaration, self.db).filter(pk__in=self.order_by().values("pk"))


class StreamedManager(Manager[Row]):
    """A manager whose querysets are ``StreamedQuerySet``."""

    _queryset_class = StreamedQuerySet
