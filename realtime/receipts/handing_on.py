"""Calls what is to be done for events that nobody received in time, once each."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from realtime.eventlog.database.heads import short_transaction
from realtime.logs import get_logger
from realtime.models.receipts import Deadline, Receipt
from realtime.receipts.base import UnreceivedEvent
from realtime.receipts.deadlines import database, unsettled
from realtime.receipts.terms import function_at

__all__ = ["hand_on_overdue"]

logger = get_logger(__name__)

PATIENCE = timedelta(seconds=0.3)
"""How long after its time a deadline counts as overdue: a proof that came in time is written."""

ATTEMPTS = 5
"""How often a function is called that raises."""

FIRST_PAUSE = 1.0
"""Seconds until it is called again; each later pause is twice as long."""


def hand_on_overdue(*, later: float = 0.0) -> int:
    """Call the function of each deadline that is overdue; returns how many were settled.

    With ``later``, so many seconds pass first for all deadlines that there are, so that a test
    need not wait.

    Several processes may do this together. Each deadline has a transaction of its own, in which
    its function runs: a process that dies in it leaves the deadline to another one. Raises what the
    database raises if it is away.
    """
    using, settled = database(), 0
    if later:
        waiting = unsettled(using).filter(try_at__gt=F("due_at"), attempts=0)
        waiting.update(try_at=F("due_at"))  # A test's transaction may never be committed.
        unsettled(using).update(try_at=F("try_at") - timedelta(seconds=later))
    while (done := hand_on_one(using)) is not None:
        settled += done
    return settled


def has_overdue(using: str) -> bool:
    """Tell whether a deadline is overdue: one read of an index, which is empty most of the time."""
    with connections[using].cursor() as cursor:
        cursor.execute(*_look(using))
        return cursor.fetchone() is not None


@cache
def _look(using: str) -> tuple[str, Any]:
    """Return a statement and its parameters, since writing it takes Django ten times as long."""
    compiler = _overdue(using).values("pk")[:1].query.get_compiler(using)
    statement: tuple[str, Any] = compiler.as_sql()
    return statement


def _overdue(using: str) -> QuerySet[Deadline]:
    return unsettled(using).filter(try_at__lte=Now() - PATIENCE)


def hand_on_one(using: str) -> bool | None:
    """Take one deadline and return whether it is settled now; None where none is overdue."""
    with short_transaction(using):
        deadline = _claim(using)
        if deadline is None:
            return None
        if Receipt.objects.using(using).filter(event_id=deadline.event_id).exists():
            _settle(deadline, using, was_received=True)
            return True
        return _call_otherwise(deadline, using)


def _claim(using: str) -> Deadline | None:
    """Return a deadline that this transaction alone has, the oldest first."""
    overdue = _overdue(using).order_by("try_at")
    if connections[using].features.has_select_for_update_skip_locked:
        return overdue.select_for_update(skip_locked=True).first()
    # SQLite has one writer: this makes it this transaction, which could not become it after a read.
    Deadline.objects.using(using).filter(event_id="").update(attempts=0)
    return overdue.first()


def _call_otherwise(deadline: Deadline, using: str) -> bool:
    about = deadline.event_id, deadline.name, deadline.otherwise or "-"
    logger.info("not received in time event=%s name=%s otherwise=%s", *about)
    try:
        with transaction.atomic(using):  # What it had written goes with its exception.
            if deadline.otherwise:
                _run(function_at(deadline.otherwise), _event_of(deadline))
    except (Exception, SystemExit) as error:  # Else sys.exit would end the thread that looks.
        return _failed(deadline, error, using)
    _settle(deadline, using, was_received=False)
    return True


def _run(function: Callable[..., Any], event: UnreceivedEvent) -> None:
    """Call a sync or async function; the ORM's async methods use this thread's transaction."""
    result = function(event)
    if inspect.isawaitable(result):

        async def finish() -> None:
            await result

        async_to_sync(finish)()


def _event_of(deadline: Deadline) -> UnreceivedEvent:
    return UnreceivedEvent(
        id=deadline.event_id,
        name=deadline.name,
        data=json.loads(deadline.data),
        streams=json.loads(deadline.streams),
        at=datetime.fromtimestamp(deadline.at / 1000, UTC),
    )


def _failed(deadline: Deadline, error: BaseException, using: str) -> bool:
    """Have a function called again later, or give it up after ``ATTEMPTS``."""
    attempts = deadline.attempts + 1
    about = deadline.otherwise, deadline.event_id, attempts
    if attempts >= ATTEMPTS:
        logger.error("otherwise given up function=%s event=%s attempts=%d", *about, exc_info=error)
        _settle(deadline, using, was_received=False, has_failed=True, attempts=attempts)
        return True
    pause = FIRST_PAUSE * 2.0 ** (attempts - 1)
    logger.error(
        "otherwise failed function=%s event=%s attempt=%d again_in=%g",
        *(*about, pause),
        exc_info=error,
    )
    try_at = Now() + timedelta(seconds=pause) - PATIENCE
    _row(deadline, using).update(attempts=attempts, try_at=try_at)
    return False


def _settle(deadline: Deadline, using: str, **outcome: Any) -> None:
    _row(deadline, using).update(settled_at=Now(), data="", **outcome)


def _row(deadline: Deadline, using: str) -> QuerySet[Deadline]:
    return Deadline.objects.using(using).filter(pk=deadline.pk)
