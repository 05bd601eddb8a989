"""Deadlines and receipts go with the events."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from realtime import publish
from realtime.models.receipts import Deadline, Receipt
from realtime.receipts.deadlines import settle_received


def received(*event_ids, user="user.1"):
    now = timezone.now()
    for event_id in event_ids:
        Receipt.objects.create(event_id=event_id, socket="s", user=user, received_at=now)
    settle_received(event_ids, "default")


@pytest.mark.django_db
def test_what_is_as_old_as_events_that_go_goes_too(settings):
    settings.REALTIME = {"RETENTION": {"AGE": 60}}
    old, new, open_still = (publish("user.1", "n", within=3) for _ in range(3))
    received(old)
    Deadline.objects.update(settled_at=F("settled_at") - timedelta(seconds=61))
    Receipt.objects.update(received_at=F("received_at") - timedelta(seconds=61))
    Deadline.objects.filter(pk=open_still).update(due_at=F("due_at") - timedelta(seconds=61))
    received(new)
    call_command("realtime_prune", verbosity=0)
    assert set(Deadline.objects.values_list("pk", flat=True)) == {new, open_still}
    assert [row.event_id for row in Receipt.objects.all()] == [new]


@pytest.mark.django_db(transaction=True)
def test_with_a_user_the_receipts_go():
    alice, bob = (get_user_model().objects.create(username=name) for name in ("alice", "bob"))
    event_id = publish([alice, bob], "n", within=3)
    received(event_id, user=f"user.{alice.pk}")
    received(event_id + "2", user=f"user.{bob.pk}")
    alice.delete()
    assert [row.user for row in Receipt.objects.all()] == [f"user.{bob.pk}"]
