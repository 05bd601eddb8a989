"""Deadlines in the database: written with the event, and settled by what comes first."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from datetime import timedelta

from django.db import connections, router
from django.db.models import QuerySet
from django.db.models.functions import Now

from realtime.concurrency.connections import close_unusable
from realtime.eventlog import Draft
from realtime.eventlog.commit import (
    after_commit,
    after_every_commit,
    require_commit,
)
from realtime.eventlog.database.heads import short_transaction
from realtime.models.receipts import Deadline
from realtime.receipts.terms import Terms

LATE_COMMIT = 0.1
"""Seconds after which a commit is so late that the time of its deadlines begins again.

Others can't receive an event that is not committed.
"""

UNTIL_BROADCAST = timedelta(seconds=10)
"""How long after its time a deadline is left alone whose event waits for the caller's commit.

The time begins again with that commit; a process may die between the two.
"""


def database() -> str:
    """Return the alias of the database that has the deadlines and the receipts."""
    return router.db_for_write(Deadline)


def publish_with(
    terms: Terms, draft: Draft, streams: Sequence[str], append: Callable[[], None]
) -> str:
    """Write a deadline and ``append`` its event in one transaction, the caller's if there is one.

    Returns the id of the event that the deadline is for: where an event with the same key went to
    the same streams before, that one's. In transactions of other databases only, both are written
    after the commits there. Raises what ``require_commit`` does.
    """
    using = database()
    in_transaction = require_commit(using)
    if not in_transaction or using in in_transaction:
        return _write(terms, draft, streams, append, using)

    def write_later() -> None:
        _write(terms, draft, streams, append, using)

    after_every_commit(write_later)
    return draft.id


def settle_received(event_ids: Collection[str], using: str) -> None:
    """Settle deadlines whose events were received, unless a function runs for them already.

    That one is not waited for. If it fails, receipts count before it is called again.
    """
    open_now = unsettled(using).filter(event_id__in=event_ids)
    if connections[using].features.has_select_for_update_skip_locked:
        locked = open_now.select_for_update(skip_locked=True)
        event_ids = list(locked.values_list("event_id", flat=True))
        if not event_ids:
            return
    open_now.filter(event_id__in=event_ids).update(settled_at=Now(), was_received=True, data="")


def unsettled(using: str) -> QuerySet[Deadline]:
    """Return the deadlines that are neither proved nor handed on."""
    return Deadline.objects.using(using).filter(settled_at__isnull=True)


def _write(
    terms: Terms, draft: Draft, streams: Sequence[str], append: Callable[[], None], using: str
) -> str:
    close_unusable(connections[using])
    began = time.monotonic()
    own = not connections[using].in_atomic_block
    # Under REPEATABLE READ, a key that another publisher has just committed is an error.
    with short_transaction(using) if own else nullcontext():
        event_id = _insert(terms, draft, streams, using, waits=not own)
        if event_id == draft.id:
            since = began if own else -math.inf
            after_commit(lambda: _committed(event_id, terms, since, using), using)
        append()
    return event_id


def _insert(terms: Terms, draft: Draft, streams: Sequence[str], using: str, *, waits: bool) -> str:
    due_at = Now() + timedelta(seconds=terms.within)
    deadline = Deadline(
        event_id=draft.id,
        repetition=_repetition(draft.key, streams),
        streams=json.dumps(list(streams)),
        name=draft.name,
        data=draft.data,
        at=draft.at,
        otherwise=terms.otherwise,
        due_at=due_at,
        try_at=due_at + UNTIL_BROADCAST if waits else due_at,
    )
    rows = Deadline.objects.using(using)
    rows.bulk_create([deadline], ignore_conflicts=draft.key is not None)
    if draft.key is None:
        return draft.id
    first = rows.filter(repetition=deadline.repetition).values_list("event_id", flat=True).first()
    return first or draft.id


def _repetition(key: str | None, streams: Sequence[str]) -> str | None:
    """Return what two events have in common of which one repeats the other."""
    if key is None:
        return None
    parts = "\n".join([key, *sorted(streams)])
    return hashlib.blake2s(parts.encode(), digest_size=16).hexdigest()


def _committed(event_id: str, terms: Terms, began: float, using: str) -> None:
    if time.monotonic() - began > LATE_COMMIT:
        due_at = Now() + timedelta(seconds=terms.within)
        unsettled(using).filter(event_id=event_id).update(due_at=due_at, try_at=due_at)
