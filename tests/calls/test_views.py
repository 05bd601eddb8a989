"""The desk's page and its requests to the server."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from calls.models import Call
from calls.states import State
from calls.telephony import PlacedCall, TelephonyError
from tests.calls.twilio_webhooks import CALL_SID, Poster

TIMES = {"started_at", "answered_at", "ended_at"}


class Company:
    """A phone company that records its requests, and raises ``failure`` if it is set."""

    def __init__(self) -> None:
        self.requests: list[tuple[Any, ...]] = []
        self.failure: TelephonyError | None = None

    def _take(self, *request: Any) -> None:
        if self.failure:
            raise self.failure
        self.requests.append(request)

    def place(self, to: str, agent: Any) -> PlacedCall:
        self._take("place", to, agent.username)
        return PlacedCall("CA9", State.QUEUED, "+15550100000")

    def answer(self, call: Call, agent: Any) -> None:
        self._take("answer", call.sid, agent.username)

    def hang_up(self, call: Call) -> None:
        self._take("hang up", call.sid)


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    company = Company()
    monkeypatch.setattr("calls.views.get_telephony", lambda request: company)
    return company


@pytest.fixture
def bobs_desk(bob: Any) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def on_page(response: Any, name: str) -> Any:
    pattern = rf'<script id="{name}" type="application/json">(.*?)</script>'
    return json.loads(re.search(pattern, response.content.decode())[1])


def outbound(sid: str, state: State = State.RINGING) -> Call:
    new = {"direction": "outbound", "from_number": "+15550100000", "to_number": "+15550100199"}
    return Call.objects.record(sid, state, **new)


ENDPOINTS = [
    ("get", "/calls/"),
    ("post", "/calls/"),
    ("post", "/calls/1/answer/"),
    ("post", "/calls/1/hangup/"),
    ("post", "/calls/simulate/"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_visitors_and_other_users_are_refused_in_json(
    client: Client, db: None, method: str, path: str
) -> None:
    response = getattr(client, method)(path)
    assert (response.status_code, response.json()) == (401, {"error": "You are not logged in."})
    client.force_login(get_user_model().objects.create_user("carol"))
    response = getattr(client, method)(path)
    assert (response.status_code, response.json()) == (403, {"error": "Only agents may do this."})


@pytest.mark.parametrize(
    ("method", "path"), [endpoint for endpoint in ENDPOINTS if endpoint[0] == "post"]
)
def test_posts_need_the_csrf_token(alice: Any, method: str, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(path).status_code == 403
    assert not Call.objects.exists()


@pytest.mark.parametrize("path", ["/calls/1/answer/", "/calls/1/hangup/", "/calls/simulate/"])
def test_actions_are_posts(desk: Client, path: str) -> None:
    assert desk.get(path).status_code == 405
    assert desk.delete("/calls/").status_code == 405


def test_the_desk_asks_visitors_to_log_in(client: Client, db: None) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/")


def test_the_desk_is_for_agents(client: Client, db: None) -> None:
    client.force_login(get_user_model().objects.create_user("carol"))
    response = client.get("/")
    assert response.status_code == 403
    assert "calls/not_an_agent.html" in [template.name for template in response.templates]


@pytest.mark.parametrize("account", ["", "AC1"])
def test_the_desk_knows_its_agent_and_the_phone_company(
    desk: Client, alice: Any, settings: Any, account: str
) -> None:
    settings.TWILIO_ACCOUNT_SID = account
    response = desk.get("/")
    assert response.status_code == 200
    assert response.context["agent"] == {"id": alice.pk, "name": "alice"}
    assert response.context["simulated"] is not bool(account)


def test_the_desk_comes_with_its_calls_and_its_position_in_the_stream(
    desk: Client, alice: Any, ringing: Call
) -> None:
    outbound("CA9", State.COMPLETED)
    response = desk.get("/")
    assert on_page(response, "calls") == desk.get("/calls/").json()["calls"]
    assert on_page(response, "realtime-config") == {
        "url": "/realtime/",
        "me": f"user.{alice.pk}",
        "positions": {f"user.{alice.pk}": response.context["position"]._asdict()},
    }


def test_the_list_has_the_calls_newest_first(desk: Client, ringing: Call) -> None:
    over = outbound("CA9", State.COMPLETED)
    calls = desk.get("/calls/").json()["calls"]
    assert [call["sid"] for call in calls] == ["CA9", CALL_SID]
    assert calls[1] == {
        **ringing.data(),
        **{time: None for time in TIMES},
        "started_at": calls[1]["at"],
    }
    assert calls[0] == over.data()
    assert calls[0]["ended_at"] == calls[0]["started_at"] == calls[0]["at"]


def test_the_list_has_all_active_calls_and_the_last_twenty_of_the_others(
    desk: Client, ringing: Call
) -> None:
    for number in range(22):
        outbound(f"CA{number}", State.COMPLETED)
    sids = [call["sid"] for call in desk.get("/calls/").json()["calls"]]
    assert sids == [*(f"CA{number}" for number in range(21, 1, -1)), CALL_SID]


def test_the_list_takes_as_many_queries_for_many_calls(
    desk: Client, bob: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        Call.objects.filter(pk=outbound(f"CA{number}").pk).update(answered_by=bob)
    with django_assert_max_num_queries(6):
        desk.get("/calls/")


@pytest.mark.parametrize("kind", ["form", "json"])
def test_placing_a_call(desk: Client, alice: Any, company: Company, kind: str) -> None:
    content_type = {"content_type": "application/json"} if kind == "json" else {}
    response = desk.post("/calls/", {"to": " +15550100199"}, **content_type)
    assert response.status_code == 201
    assert company.requests == [("place", "+15550100199", "alice")]
    placed = response.json()["call"]
    assert (placed["sid"], placed["state"], placed["direction"]) == ("CA9", "queued", "outbound")
    assert (placed["from"], placed["to"]) == ("+15550100000", "+15550100199")
    assert Call.objects.record("CA9", State.IN_PROGRESS).answered_by == alice


def test_a_placed_call_whose_webhook_was_faster(desk: Client, alice: Any, company: Company) -> None:
    outbound("CA9", State.INITIATED)
    response = desk.post("/calls/", {"to": "+15550100199"})
    assert (response.status_code, response.json()["call"]["state"]) == (201, "initiated")
    assert Call.objects.record("CA9", State.IN_PROGRESS).answered_by == alice


@pytest.mark.parametrize(
    "to", ["", "5550100", "+", "+0123456", "+1555010019912345", "+1555x", "+" + 11 * "\uff11"]
)
def test_only_numbers_in_e164_are_called(desk: Client, company: Company, to: str) -> None:
    response = desk.post("/calls/", {"to": to})
    assert response.status_code == 400
    assert response.json()["error"].startswith("Enter a phone number")
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


@pytest.mark.parametrize(("path", "field"), [("/calls/", "to"), ("/calls/simulate/", "from")])
def test_json_of_any_depth(
    desk: Client, company: Company, settings: Any, path: str, field: str
) -> None:
    settings.TWILIO_ACCOUNT_SID = ""
    for depth in range(100, 1100, 25):
        body = f'{{"{field}": {"[" * depth}{"]" * depth}}}'
        assert desk.post(path, body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("path", [f"/calls/{10**30}/answer/", f"/calls/{'1' * 5000}/hangup/"])
def test_a_number_of_a_call_that_no_database_has(desk: Client, path: str) -> None:
    assert desk.post(path).status_code == 404


@pytest.mark.parametrize("body", NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_json_that_names_no_number(desk: Client, company: Company, body: str | bytes) -> None:
    response = desk.post("/calls/", body, content_type="application/json")
    assert response.status_code == 400
    assert not company.requests


def test_answering(desk: Client, ringing: Call, company: Company) -> None:
    response = desk.post(f"/calls/{ringing.pk}/answer/")
    assert response.status_code == 202
    assert response.json() == {"call": ringing.data()}
    assert company.requests == [("answer", CALL_SID, "alice")]


def test_of_two_who_answer_one_is_refused(
    desk: Client, bobs_desk: Client, ringing: Call, company: Company
) -> None:
    desk.post(f"/calls/{ringing.pk}/answer/")
    response = bobs_desk.post(f"/calls/{ringing.pk}/answer/")
    assert (response.status_code, response.json()) == (409, {"error": "alice has this call."})
    assert bobs_desk.post(f"/calls/{ringing.pk}/hangup/").status_code == 409
    assert company.requests == [("answer", CALL_SID, "alice")]


def test_an_answer_that_failed_leaves_the_call_to_others(
    desk: Client, bobs_desk: Client, ringing: Call, company: Company
) -> None:
    company.failure = TelephonyError("Twilio can't be reached.")
    response = desk.post(f"/calls/{ringing.pk}/answer/")
    assert (response.status_code, response.json()) == (502, {"error": "Twilio can't be reached."})
    company.failure = None
    assert bobs_desk.post(f"/calls/{ringing.pk}/answer/").status_code == 202


@pytest.mark.parametrize("path", ["/calls/{}/hangup/", "/calls/"])
def test_a_phone_company_that_fails(
    desk: Client, ringing: Call, company: Company, path: str
) -> None:
    company.failure = TelephonyError("Twilio can't be reached.")
    response = desk.post(path.format(ringing.pk), {"to": "+15550100199"})
    assert (response.status_code, response.json()) == (502, {"error": "Twilio can't be reached."})
    assert Call.objects.count() == 1


def test_hanging_up(desk: Client, ringing: Call, company: Company) -> None:
    response = desk.post(f"/calls/{ringing.pk}/hangup/")
    assert (response.status_code, response.json()) == (202, {"call": ringing.data()})
    assert company.requests == [("hang up", CALL_SID)]


def test_a_call_that_is_over_can_neither_be_answered_nor_hung_up(
    desk: Client, ringing: Call, twilio: Poster, company: Company
) -> None:
    twilio.status("completed", 0)
    for action in ["answer", "hangup"]:
        response = desk.post(f"/calls/{ringing.pk}/{action}/")
        assert (response.status_code, response.json()) == (409, {"error": "This call is over."})
    assert not company.requests


def test_another_agents_call_is_not_hung_up(
    desk: Client, ringing: Call, twilio: Poster, company: Company
) -> None:
    twilio.leg("bob", "in-progress", 2)
    response = desk.post(f"/calls/{ringing.pk}/hangup/")
    assert (response.status_code, response.json()) == (409, {"error": "bob has this call."})


@pytest.mark.parametrize("action", ["answer", "hangup"])
def test_a_call_that_does_not_exist(desk: Client, action: str) -> None:
    response = desk.post(f"/calls/77/{action}/")
    assert (response.status_code, response.json()) == (404, {"error": "There is no such call."})


def test_nothing_is_simulated_beside_a_real_company(desk: Client) -> None:
    assert desk.post("/calls/simulate/").status_code == 404
