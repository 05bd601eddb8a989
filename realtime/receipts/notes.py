"""Notes which sockets received which events, all of a moment together, beside the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import run_record
from realtime.eventlog.database.heads import short_transaction
from realtime.logs import get_logger
from realtime.models.receipts import Receipt
from realtime.receipts.deadlines import database, settle_received

logger = get_logger(__name__)

BATCH = 0.05
"""Seconds in which receipts are collected before they are written together."""

RETRY = 1.0
"""Seconds until a write that failed is tried again."""

MAX_ROWS = 1000
"""Receipts that are written together."""


class Notes:
    """The receipts of this loop's sockets that are still to be written.

    While the database is away nobody can publish an event that wants receipts, so that few wait.
    """

    def __init__(self) -> None:
        self._waiting: list[Receipt] = []
        self._task: asyncio.Task[None] | None = None

    def received(self, event_id: str, socket: str, user: str | None) -> None:
        """Note that a socket has received an event; ``user`` is the name of its user's stream."""
        now = datetime.now(UTC)
        self._waiting.append(
            Receipt(event_id=event_id, socket=socket, user=user or "", received_at=now)
        )
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="realtime-receipts")

    async def written(self) -> None:
        """Wait until all that was noted is written."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        is_failing = False
        try:
            await asyncio.sleep(BATCH)
            while self._waiting:
                batch = self._waiting[:MAX_ROWS]
                try:
                    await run_record(write, batch)
                except Exception as error:
                    if not is_failing:
                        is_failing = True
                        logger.error(
                            "receipts not written reason=%r: trying again until they are", error
                        )
                    await asyncio.sleep(RETRY)
                else:
                    del self._waiting[: len(batch)]
            if is_failing:
                logger.warning("receipts written again")
        finally:
            self._task = None


def write(receipts: Sequence[Receipt]) -> None:
    """Write receipts, and settle the deadlines of their events; again, it changes nothing."""
    using = database()
    with short_transaction(using):
        Receipt.objects.using(using).bulk_create(receipts, ignore_conflicts=True)
        settle_received({receipt.event_id for receipt in receipts}, using)


_notes = PerLoop(Notes)


def running_notes() -> Notes:
    """Return the notes of the running event loop."""
    return _notes.current()
