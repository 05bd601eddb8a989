"""Publishes what signals say of rows: ``save``, and every deletion that Django carries out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.models import Model
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from realtime.contrib.models.changes import (
    Before,
    publish_changes,
    publish_deletions,
    rows,
    streams_before,
)
from realtime.contrib.models.declaration import Declaration

BEFORE = "_realtime_before"
"""The attribute of an instance with the streams that it was in before a change.

They are a stack: a receiver may save the instance again.
"""

Deletion = tuple[Declaration, Any, Sequence[str]]


@dataclass
class Together:
    """Deletions in one database that are published together, and the rows locked for them."""

    using: str
    declaration: Declaration
    before: Before
    deletions: list[Deletion] = field(default_factory=list)


_together: ContextVar[Together | None] = ContextVar("together", default=None)


def connect(declaration: Declaration) -> None:
    """Publish what becomes of a model's rows from now on."""
    for signal, receiver in (
        (pre_save, _before_save),
        (post_save, _saved),
        (pre_delete, _before_delete),
        (post_delete, _deleted),
    ):
        signal.connect(partial(receiver, declaration), declaration.model, weak=False)


@contextmanager
def deletions_together(declaration: Declaration, using: str, before: Before) -> Iterator[None]:
    """Publish the deletions of the block together, at its end.

    ``before`` has the streams of rows that are locked, and so need not be asked for once more.
    """
    together = Together(using, declaration, before)
    token = _together.set(together)
    try:
        yield
    finally:
        _together.reset(token)
    publish_deletions(together.deletions, using)


def _before_save(
    declaration: Declaration, instance: Model, raw: bool, using: str, **_: Any
) -> None:
    if not raw:
        _remember(instance, _stored_streams(declaration, instance, using))


def _saved(declaration: Declaration, instance: Model, raw: bool, using: str, **_: Any) -> None:
    if not raw:  # A fixture may name rows that are still to come.
        publish_changes(declaration, using, [instance.pk], _remembered(instance))


def _before_delete(declaration: Declaration, instance: Model, using: str, **_: Any) -> None:
    together = _together_in(using)
    if together and together.declaration is declaration and instance.pk in together.before:
        _remember(instance, {instance.pk: together.before[instance.pk]})
    else:
        _remember(instance, _stored_streams(declaration, instance, using))


def _deleted(declaration: Declaration, instance: Model, using: str, **_: Any) -> None:
    deletions = [(declaration, pk, left) for pk, left in _remembered(instance).items()]
    if together := _together_in(using):
        together.deletions += deletions
    else:
        publish_deletions(deletions, using)


def _together_in(using: str) -> Together | None:
    together = _together.get()
    return together if together and together.using == using else None


def _stored_streams(declaration: Declaration, instance: Model, using: str) -> Before:
    """Ask the database: what the instance says may be new, or old."""
    if instance.pk is None:
        return {}
    return streams_before(declaration, rows(declaration, using).filter(pk=instance.pk))


def _remember(instance: Model, before: Before) -> None:
    instance.__dict__.setdefault(BEFORE, []).append(before)


def _remembered(instance: Model) -> Before:
    before: Before = instance.__dict__[BEFORE].pop()
    return before
