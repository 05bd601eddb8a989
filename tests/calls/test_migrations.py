"""What becomes of the calls of a database that is older than legs and outcomes."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from calls.models import Call

OUTCOMES = import_module("calls.migrations.0004_outcomes")


@pytest.mark.parametrize(
    ("direction", "state", "answered", "outcome"),
    [
        ("inbound", "completed", True, "answered"),
        ("inbound", "failed", True, "answered"),
        ("inbound", "completed", False, "missed"),
        ("inbound", "no-answer", False, "missed"),
        ("inbound", "canceled", False, "gave-up"),
        ("outbound", "completed", False, "gave-up"),
        ("outbound", "busy", False, "busy"),
        ("outbound", "failed", False, "failed"),
        ("inbound", "ringing", False, ""),
        ("outbound", "in-progress", True, ""),
    ],
)
def test_an_old_call_gets_its_outcome_and_loses_its_claim(
    alice: Any, direction: str, state: str, answered: bool, outcome: str
) -> None:
    now = timezone.now()
    call = Call.objects.create(
        sid="CA1",
        direction=direction,
        state=state,
        claimed_by=alice,
        started_at=now,
        changed_at=now,
        answered_at=now if answered else None,
    )
    OUTCOMES.add_outcomes(apps, None)
    call.refresh_from_db()
    assert (call.outcome, call.claimed_by) == (outcome, None)
    assert call.placed_by == (alice if direction == "outbound" else None)
