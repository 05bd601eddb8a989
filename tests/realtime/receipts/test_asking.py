"""``receipt``: who has received an event, and when."""

from datetime import timedelta

import pytest
from django.utils import timezone

from realtime import apublish, areceipt, publish, receipt, receipts
from realtime.models.receipts import Receipt
from realtime.receipts import DeadlineState, Proof
from realtime.receipts.deadlines import settle_received


def test_who_had_it_the_first_one_first(log):
    event_id = publish("user.1", "n", within=3)
    assert receipt(event_id).deadline == DeadlineState.PENDING
    now = timezone.now()
    for user, socket, seconds in (("user.2", "b", 2), ("", "a", 1)):
        at = now + timedelta(seconds=seconds)
        Receipt.objects.create(event_id=event_id, socket=socket, user=user, received_at=at)
    settle_received({event_id}, "default")
    found = receipt(event_id)
    assert (found.event_id, found.deadline) == (event_id, DeadlineState.RECEIVED)
    assert found.received == [
        Proof(None, "a", now + timedelta(seconds=1)),
        Proof("user.2", "b", now + timedelta(seconds=2)),
    ]


async def test_nothing_is_known_of_an_event_without_a_deadline(log):
    for event_id in (await apublish("user.1", "n"), "no such event", ""):
        assert await areceipt(event_id) is None


@pytest.mark.parametrize("received", [[], [Proof(None, "s", timezone.now())]])
def test_received_means_by_anybody_at_any_time(received):
    assert receipts.Receipt("id", DeadlineState.OVERDUE, received).is_received is bool(received)
