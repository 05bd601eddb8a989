"""Requests with a token have one effect."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from calls.models import Action, Call
from calls.telephony import Refused
from calls.views.once import ABANDONED
from tests.calls.twilio_webhooks import CALL_SID
from tests.calls.views.conftest import Company

TOKEN = str(uuid4())


def place(desk: Client, token: str = TOKEN, to: str = "+15550100199") -> Any:
    return desk.post("/calls/", {"to": to, "token": token})


def test_the_same_request_again_gets_the_same_answer(desk: Client, company: Company) -> None:
    first, again = place(desk), place(desk)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert company.requests == [("place", "+15550100199", "alice")]
    assert Call.objects.count() == 1


def test_however_the_token_is_written(desk: Client, company: Company) -> None:
    place(desk)
    place(desk, TOKEN.upper())
    assert len(company.requests) == 1


def test_without_a_token_each_request_has_its_effect(desk: Client, company: Company) -> None:
    for _ in range(2):
        assert desk.post("/calls/", {"to": "+15550100199"}).status_code == 201
        Call.objects.update(state="completed")
    assert len(company.requests) == 2


def test_another_token_is_another_request(desk: Client, company: Company) -> None:
    place(desk)
    Call.objects.update(state="completed")
    place(desk, str(uuid4()))
    assert len(company.requests) == 2


def test_a_refusal_is_an_answer_too(desk: Client, ringing: Call, company: Company) -> None:
    company.failure = Refused("No.")
    path, fields = f"/calls/{ringing.pk}/answer/", {"token": TOKEN}
    first = desk.post(path, fields)
    company.failure = None
    again = desk.post(path, fields)
    assert (
        (first.status_code, first.json())
        == (again.status_code, again.json())
        == (
            502,
            {"error": "No."},
        )
    )
    assert company.requests == [("answer", CALL_SID, "alice")]


def test_while_the_first_runs_the_second_waits(desk: Client, company: Company) -> None:
    second: list[Any] = []

    def meanwhile() -> None:
        company.meanwhile = lambda: None
        second.append(place(desk))

    company.meanwhile = meanwhile
    assert place(desk).status_code == 201
    assert (second[0].status_code, second[0].json()) == (409, {"error": "This is being done."})
    assert len(company.requests) == 1


def test_what_was_broken_off_runs_again_after_a_minute(
    desk: Client, alice: Any, company: Company
) -> None:
    action = Action.objects.create(agent=alice, token=TOKEN, path="/calls/")
    assert place(desk).status_code == 409
    long_ago = action.created_at - ABANDONED - timedelta(seconds=1)
    Action.objects.filter(pk=action.pk).update(created_at=long_ago)
    assert place(desk).status_code == 201
    assert place(desk).status_code == 201
    assert len(company.requests) == 1


def test_what_failed_by_a_fault_may_be_tried_again(desk: Client, company: Company) -> None:
    company.failure = RuntimeError("a fault")
    with pytest.raises(RuntimeError):
        place(desk)
    assert not Action.objects.exists()


def test_tokens_are_each_agents_own(desk: Client, bobs_desk: Client, company: Company) -> None:
    assert place(desk).status_code == place(bobs_desk, to="+15550100155").status_code == 201
    assert len(company.requests) == 2


def test_a_token_is_for_one_address(desk: Client, ringing: Call, company: Company) -> None:
    place(desk)
    response = desk.post(f"/calls/{ringing.pk}/answer/", {"token": TOKEN})
    assert response.status_code == 400
    assert len(company.requests) == 1


@pytest.mark.parametrize("token", ["1", "x" * 5000])
def test_a_token_is_a_uuid(desk: Client, company: Company, token: str) -> None:
    response = place(desk, token)
    assert (response.status_code, response.json()) == (400, {"error": "token is a UUID."})
    assert not company.requests
