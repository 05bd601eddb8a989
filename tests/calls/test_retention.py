"""Which answers to requests are kept."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from calls import retention
from calls.models import Action
from calls.retention import forget_actions


def test_actions_are_kept_for_a_day(alice: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    now = timezone.now()
    for hours in (23, 25, 26, 27):
        action = Action.objects.create(agent=alice, token=f"{hours}", path="/calls/")
        Action.objects.filter(pk=action.pk).update(created_at=now - timedelta(hours=hours))
    forget_actions(now)
    assert list(Action.objects.values_list("token", flat=True)) == ["23"]
