"""Asking who has received an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from realtime.concurrency.connections import run_async
from realtime.receipts.base import DeadlineState, Proof, Receipt

if TYPE_CHECKING:  # Models can't be imported before the apps are loaded.
    from realtime.models.receipts import Deadline


def receipt(event_id: str) -> Receipt | None:
    """Return who has received an event, and how far its deadline has come.

    ``event_id`` is what ``publish`` returned. Returns None for an event that was published without
    ``within``, and for one whose deadline is so old that it was removed. Who may know it is for the
    caller to decide. Raises what the database raises if it is away.
    """
    from realtime.models import receipts as tables  # Needs the apps to be loaded.
    from realtime.receipts.deadlines import database

    using = database()
    deadline = tables.Deadline.objects.using(using).filter(pk=event_id).first()
    if deadline is None:
        return None
    rows = tables.Receipt.objects.using(using).filter(event_id=event_id)
    proofs = [
        Proof(row.user or None, row.socket, row.received_at)
        for row in rows.order_by("received_at", "pk")
    ]
    return Receipt(event_id, _state(deadline), proofs)


async def areceipt(event_id: str) -> Receipt | None:
    """Do what ``receipt`` does, from async code."""
    return await run_async(sync_to_async(receipt)(event_id))


def _state(deadline: Deadline) -> DeadlineState:
    if deadline.settled_at is None:
        return DeadlineState.PENDING
    if deadline.was_received:
        return DeadlineState.RECEIVED
    return DeadlineState.FAILED if deadline.has_failed else DeadlineState.OVERDUE
