"""A ringing call, and a company that can be asked for it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from calls.models import Call
from calls.reconciliation import sweeping
from calls.states import State
from tests.calls.reconciliation.company import Company

INBOUND = {"direction": "inbound", "from_number": "+15550100123", "to_number": "+15550100000"}


@pytest.fixture
def call(alice: Any, bob: Any) -> Call:
    with Call.objects.change(Call.objects.record("CA1", State.RINGING, **INBOUND).pk) as call:
        call.rung_now = [alice.pk, bob.pk]
    return call


@pytest.fixture
def placed(alice: Any) -> Call:
    """A call of alice, of which the company has not said whether it placed it."""
    now = datetime.now().astimezone()
    return Call.objects.create(
        direction="outbound",
        to_number="+15550100199",
        state=State.QUEUED,
        placed_by=alice,
        started_at=now,
        changed_at=now,
        check_at=now,
        version=1,
    )


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    company = Company()
    monkeypatch.setattr(sweeping, "get_telephony", lambda site: company)
    return company


def after(call: Call, seconds: float) -> datetime:
    """Return the instant so many seconds after the call's last change."""
    return call.changed_at + timedelta(seconds=seconds)
