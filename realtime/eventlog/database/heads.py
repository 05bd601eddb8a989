"""The heads of the database log's streams: the epoch that each is in, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connections, transaction

from realtime.eventlog.base import first_epoch, random_epoch
from realtime.models import StreamHead
from realtime.protocol.position import Position

READ_COMMITTED = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"

SEED = ""
"""The name, which no stream has, of the head whose epoch is the seed of all first epochs."""


def positions(streams: Sequence[str], using: str) -> dict[str, Position]:
    """Return where each stream of a database is, whether it has a head already or not.

    A view asks for positions inside its transaction, where a new row would be a lock.
    """
    if not streams:
        return {}
    heads = StreamHead.objects.using(using).filter(name__in=[*streams, SEED])
    rows = heads.values_list("name", "epoch", "top")
    known = {name: Position(epoch, top) for name, epoch, top in rows}
    seed = known[SEED].epoch if SEED in known else _new_seed(using)
    return {name: known.get(name) or Position(first_epoch(seed, name), 0) for name in streams}


def make_heads(streams: Sequence[str], using: str) -> None:
    """Make the heads that are missing; before any is locked, or publishers might deadlock."""
    if not streams:
        return
    first = positions(sorted(streams), using)
    with short_transaction(using):
        StreamHead.objects.using(using).bulk_create(
            [StreamHead(name=name, epoch=position.epoch) for name, position in first.items()],
            ignore_conflicts=True,
        )


@contextmanager
def short_transaction(using: str) -> Iterator[None]:
    """Begin one in which each statement sees what others have committed before it.

    Whatever the project has set: a snapshot from before a lock was waited for won't do. Inside a
    transaction of the caller's it is a part of that.
    """
    connection = connections[using]
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using):
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(READ_COMMITTED)
        yield


def _new_seed(using: str) -> str:
    seed, _ = StreamHead.objects.using(using).get_or_create(
        name=SEED, defaults={"epoch": random_epoch()}
    )
    return seed.epoch
