"""Placing a call, also when the phone company's answer doesn't come."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from calls.models import Call
from calls.reconciliation import take_one
from calls.reconciliation.due import overdue
from calls.states import State
from calls.telephony import OutcomeUnknown, PlacedCall, Refused, Report
from tests.calls.views.conftest import Broken, Company

NUMBER = "+1 555 010 0199"
SAME = "+15550100199"
AWAY = OutcomeUnknown("Twilio didn't answer.")


def place(desk: Client, number: str = NUMBER, **fields: Any) -> Any:
    return desk.post("/calls/", {"to": number, **fields})


def placed_call(agent: Any, sid: str = "CA9", state: State = State.RINGING) -> Report:
    return Report(
        sid=sid,
        state=state,
        direction="outbound-api",
        from_number="+15550100000",
        to_number=f"client:agent_{agent.pk}",
    )


@pytest.mark.parametrize("kind", ["form", "json"])
@pytest.mark.parametrize("number", [f" {NUMBER}", SAME, "(555) 010-0199"])
def test_placing_a_call(desk: Client, alice: Any, company: Company, kind: str, number: str) -> None:
    content_type = {"content_type": "application/json"} if kind == "json" else {}
    response = desk.post("/calls/", {"to": number}, **content_type)
    assert response.status_code == 201
    assert company.requests == [("place", SAME, "alice")]
    placed = response.json()["call"]
    assert (placed["sid"], placed["state"], placed["direction"]) == ("CA9", "queued", "outbound")
    assert (placed["from"], placed["to"]) == ("+15550100000", SAME)
    assert placed["placed_by"] == {"id": alice.pk, "name": "alice"}
    assert Call.objects.count() == 1


def test_a_placed_call_whose_webhook_was_faster(desk: Client, company: Company) -> None:
    def ring_already() -> None:
        Call.objects.record("CA9", State.RINGING, pk=Call.objects.get().pk)

    company.meanwhile = ring_already
    response = place(desk)
    assert (response.status_code, response.json()["call"]["state"]) == (201, "ringing")
    assert response.json()["call"]["from"] == "+15550100000"
    assert Call.objects.count() == 1


def test_a_number_that_is_being_called_is_not_called_again(
    desk: Client, bobs_desk: Client, company: Company
) -> None:
    place(desk)
    response = place(desk)
    expected = {"error": f"You are calling {SAME} already."}
    assert (response.status_code, response.json()) == (409, expected)
    Call.objects.update(held=True)
    assert place(desk).status_code == 409
    assert len(company.requests) == 1
    company.place = lambda call, agent: PlacedCall("CA10", State.QUEUED, "")  # type: ignore
    assert place(bobs_desk).status_code == 201


def test_who_calls_a_number_calls_no_other_one(desk: Client, company: Company) -> None:
    place(desk)
    response = place(desk, "+15550100111")
    expected = {"error": f"You are calling {SAME}. Hang up that call first."}
    assert (response.status_code, response.json()) == (409, expected)


@pytest.mark.parametrize("to", ["", "5550100", "+", "+0123456", "+1555010019912345", "alice"])
def test_only_numbers_are_called(desk: Client, company: Company, to: str) -> None:
    response = place(desk, to)
    assert response.status_code == 400
    assert response.json()["error"].startswith("Enter a phone number")
    assert not company.requests


def test_emergency_numbers_are_refused_with_a_sentence(desk: Client, company: Company) -> None:
    response = place(desk, "911")
    assert response.status_code == 400
    assert "emergency" in response.json()["error"]
    assert not company.requests


NO_NUMBERS = {
    "empty": "",
    "list": "[]",
    "broken": "{",
    "null": '{"to": null}',
    "in a list": '{"to": ["+15550100199"]}',
    "true": '{"to": true}',
    "number": '{"to": 15550100199}',
    "huge number": '{"to": %s}' % ("1" * 5000),
    "infinity": '{"to": 1e999}',
    "not JSON": '{"to": NaN}',
    "surrogate": '{"to": "+1555\\ud800"}',
    "NUL": '{"to": "+1555\\u0000"}',
    "line break": '{"to": "+15550100199\\n+1"}',
    "not UTF-8": b'{"to": "\xff"}',
    "deep": "[" * 100_000,
    "deep object": '{"to":' * 100_000,
}


@pytest.mark.parametrize("body", NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_json_that_names_no_number(desk: Client, company: Company, body: str | bytes) -> None:
    response = desk.post("/calls/", body, content_type="application/json")
    assert response.status_code == 400
    assert not company.requests


@pytest.mark.parametrize(("path", "field"), [("/calls/", "to"), ("/calls/simulate/", "from")])
def test_json_of_any_depth(
    desk: Client, company: Company, settings: Any, path: str, field: str
) -> None:
    settings.TWILIO_ACCOUNT_SID = ""
    for depth in range(100, 1100, 10):
        body = f'{{"{field}": {"[" * depth}{"]" * depth}}}'
        assert desk.post(path, body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("failure", [Refused("No."), Broken("No.")])
def test_a_call_that_the_company_refuses_has_failed(
    desk: Client, company: Company, failure: Exception
) -> None:
    company.failure = failure
    response = place(desk)
    assert (response.status_code, response.json()) == (502, {"error": "No."})
    call = Call.objects.get()
    assert (call.state, call.outcome) == ("failed", "failed")
    assert call.ended_at is not None
    company.failure = None
    assert place(desk).status_code == 201


def test_without_an_answer_it_is_said_that_nobody_knows(desk: Client, company: Company) -> None:
    company.failure = AWAY
    response = place(desk)
    assert response.status_code == 202
    assert "isn't known" in response.json()["unknown"]
    shown = response.json()["call"]
    assert (shown["sid"], shown["state"], shown["certain"]) == (None, "queued", False)
    call = Call.objects.get()
    assert overdue(call.changed_at + timedelta(seconds=1)).filter(pk=call.pk).exists()


@pytest.fixture
def unknown(desk: Client, company: Company) -> Call:
    """A call of alice's of which nobody knows whether it was placed."""
    company.failure = AWAY
    place(desk)
    company.failure = None
    company.requests.clear()
    return Call.objects.get()


def test_a_call_that_was_placed_after_all_is_found_and_not_placed_again(
    desk: Client, alice: Any, company: Company, unknown: Call
) -> None:
    company.placed = [placed_call(alice)]
    response = place(desk)
    assert (response.status_code, response.json()["call"]["call"]) == (200, unknown.pk)
    shown = response.json()["call"]
    assert (shown["sid"], shown["state"], shown["certain"]) == ("CA9", "ringing", True)
    assert company.requests == [("placed since", "alice")]


def test_while_it_is_not_known_nothing_is_placed(
    desk: Client, bobs_desk: Client, company: Company, unknown: Call
) -> None:
    for response in [place(desk), place(desk, "+1 555 010 0155"), place(bobs_desk)]:
        assert response.status_code == 409
        assert "isn't known" in response.json()["error"]
    assert not [request for request in company.requests if request[0] == "place"]
    assert Call.objects.count() == 1


def test_two_agents_who_place_the_same_call_at_the_same_moment(
    bobs_desk: Client, company: Company, unknown: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looks before the first one has committed."""
    monkeypatch.setattr("calls.views.placing.unknown_calls", lambda *_: Call.objects.none())
    response = place(bobs_desk)
    assert response.status_code == 409
    assert "isn't known" in response.json()["error"]
    assert place(bobs_desk, "+1 555 010 0155").status_code == 201


def test_while_another_process_asks_nobody_else_does(
    desk: Client, company: Company, unknown: Call
) -> None:
    assert take_one(unknown.pk, timezone.now())
    assert place(desk).status_code == 409
    assert not company.requests


def test_others_can_place_calls_to_others(
    bobs_desk: Client, company: Company, unknown: Call
) -> None:
    assert place(bobs_desk, "+1 555 010 0155").status_code == 201


def test_a_company_that_is_still_away_is_asked_in_vain(
    desk: Client, company: Company, unknown: Call
) -> None:
    company.failure = AWAY
    response = place(desk)
    assert (response.status_code, response.json()) == (502, {"error": "Twilio didn't answer."})
    assert company.requests == [("placed since", "alice")]


def test_a_call_that_was_surely_never_placed_can_be_placed_again(
    desk: Client, company: Company, unknown: Call
) -> None:
    began = unknown.started_at - timedelta(minutes=1)
    Call.objects.filter(pk=unknown.pk).update(started_at=began)
    assert place(desk).status_code == 201
    unknown.refresh_from_db()
    assert unknown.state == "failed"


def test_another_call_that_was_placed_after_all_is_no_reason_not_to_call(
    desk: Client, alice: Any, company: Company, unknown: Call
) -> None:
    company.placed = [placed_call(alice, "CA8", State.COMPLETED)]
    assert place(desk, "+1 555 010 0155").status_code == 201
    unknown.refresh_from_db()
    assert (unknown.sid, unknown.state) == ("CA8", "completed")


def test_a_call_without_a_name_can_not_be_hung_up(
    desk: Client, company: Company, unknown: Call
) -> None:
    response = desk.post(f"/calls/{unknown.pk}/hangup/")
    assert response.status_code == 409
    assert "isn't known" in response.json()["error"]
