"""``manage.py reconcile_calls``: what it prints, and its exit code."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from calls.management.commands import reconcile_calls
from calls.models import Call
from calls.reconciliation import take_one
from calls.states import State
from calls.telephony import OutcomeUnknown
from tests.calls.reconciliation.company import Company, own_leg, phone
from tests.calls.reconciliation.conftest import INBOUND, after, call, placed

__all__ = ["call", "placed"]


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    company = Company()
    monkeypatch.setattr(reconcile_calls, "get_telephony", lambda site: company)
    return company


def lines(capsys: pytest.CaptureFixture[str], *sids: str) -> list[str]:
    call_command("reconcile_calls", *sids)
    return capsys.readouterr().out.splitlines()


def test_each_call_has_a_line(
    call: Call, company: Company, bob: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Call.objects.record("CA2", State.RINGING, **INBOUND)
    company.answers["CA1"] = own_leg(call, State.IN_PROGRESS, phone(bob, State.IN_PROGRESS))
    company.answers["CA2"] = own_leg(other, State.IN_PROGRESS)
    assert lines(capsys) == [
        "CA2: ringing, unchanged",
        "CA1: ringing -> in-progress (answered by bob)",
    ]


def test_named_calls_only_and_also_those_that_are_over(
    call: Call, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    over = Call.objects.record("CA2", State.COMPLETED, **INBOUND)
    company.answers["CA2"] = own_leg(over, State.COMPLETED)
    assert lines(capsys, "CA2") == ["CA2: completed (missed), unchanged"]
    assert company.asked == ["CA2"]
    assert Call.objects.get(sid="CA2").check_at is None


def test_a_placed_call_has_no_sid_yet(
    placed: Call, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines(capsys) == [f"call {placed.pk}, without a sid: queued, unchanged"]


def test_a_call_that_another_process_asks_for_is_left_to_it(
    call: Call, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    take_one(call.pk, after(call, 0))
    assert lines(capsys) == ["CA1: ringing; another process is asking for it"]
    assert company.asked == []


def test_a_company_that_is_away_is_an_error(
    call: Call, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    company.away = OutcomeUnknown("The company didn't answer.")
    with pytest.raises(CommandError, match="1 of 1 calls"):
        call_command("reconcile_calls")
    assert capsys.readouterr().out == "CA1: ringing; The company didn't answer.\n"


def test_an_unknown_sid_is_named_before_anything_is_asked(call: Call, company: Company) -> None:
    with pytest.raises(CommandError, match="no call with the sid CA7, CA8"):
        call_command("reconcile_calls", "CA1", "CA7", "CA8")
    assert company.asked == []
