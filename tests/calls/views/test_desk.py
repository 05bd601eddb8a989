"""The desk's page and its requests to the server."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from calls.models import Call
from calls.states import State
from tests.calls.desks import sit_down
from tests.calls.twilio_webhooks import CALL_SID


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
    ("post", "/calls/1/decline/"),
    ("post", "/calls/1/hangup/"),
    ("post", "/calls/1/hold/"),
    ("post", "/calls/1/transfer/"),
    ("get", "/calls/1/message/"),
    ("post", "/calls/status/"),
    ("post", "/calls/simulate/"),
]
ACTIONS = [path for method, path in ENDPOINTS if method == "post" and path != "/calls/"]


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


@pytest.mark.parametrize("path", ACTIONS)
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
    assert "calls/not_a_member.html" in [template.name for template in response.templates]


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
    assert calls[1] == ringing.data()
    assert calls[0] == over.data()


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


@pytest.mark.parametrize("path", [f"/calls/{10**30}/answer/", f"/calls/{'1' * 5000}/hangup/"])
def test_a_number_of_a_call_that_no_database_has(desk: Client, path: str) -> None:
    assert desk.post(path).status_code == 404


def test_a_message_of_a_call_that_no_database_has(desk: Client) -> None:
    assert desk.get(f"/calls/{10**22}/message/").status_code == 404


@pytest.mark.parametrize("value", ["away\0", "\ud800"])
@pytest.mark.parametrize(
    ("path", "field"),
    [("/calls/", "to"), ("/calls/", "token"), ("/calls/status/", "status")],
)
def test_text_that_no_database_stores(desk: Client, path: str, field: str, value: str) -> None:
    response = desk.post(path, {field: value}, content_type="application/json")
    assert (response.status_code, response.json()) == (
        400,
        {"error": f"{field} has characters that are no text."},
    )


@pytest.mark.parametrize("action", ["answer", "decline", "hangup", "hold", "transfer"])
def test_a_call_that_does_not_exist(desk: Client, bob: Any, action: str) -> None:
    sit_down(bob)
    response = desk.post(f"/calls/77/{action}/", {"on": "1", "to": bob.pk})
    assert (response.status_code, response.json()) == (404, {"error": "There is no such call."})


def test_the_words_in_force_are_known_to_the_page(desk: Client, settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = ""
    assert desk.get("/").context["in_force"] == []
    desk.post("/calls/simulate/late/")
    response = desk.post("/calls/simulate/twice/")
    assert response.json()["in_force"] == ["twice", "late"]
    assert desk.get("/").context["in_force"] == ["twice", "late"]
    assert desk.post("/calls/simulate/behave/").json()["in_force"] == []


def test_nothing_is_simulated_beside_a_real_company(desk: Client) -> None:
    assert desk.post("/calls/simulate/").status_code == 404


def test_the_page_has_the_cursor_of_the_older_calls(desk: Client) -> None:
    for number in range(21):
        outbound(f"CA{number}", State.COMPLETED)
    following = desk.get("/").context["next"]
    assert following == desk.get("/calls/").json()["next"]
    older = desk.get("/calls/", {"before": following}).json()
    assert ([call["sid"] for call in older["calls"]], older["next"]) == (["CA0"], None)


def test_a_search_finds_active_and_older_calls(desk: Client, ringing: Call) -> None:
    over = Call.objects.record(
        "CA8", State.COMPLETED, direction="inbound", from_number="+15550100123", to_number=""
    )
    outbound("CA9", State.COMPLETED)
    found = desk.get("/calls/", {"q": "555 010 0123"}).json()
    assert [call["sid"] for call in found["calls"]] == [over.sid, ringing.sid]


@pytest.mark.parametrize(
    "asked",
    [
        {"before": "x"},
        {"before": "1-0"},
        {"q": "1"},
        {"q": "+"},
        {"q": "a\0b"},
        {"q": "555\0"},
        {"agent": "alice"},
        {"agent": "7\0"},
    ],
)
def test_a_list_that_can_not_be(desk: Client, asked: dict[str, str]) -> None:
    response = desk.get("/calls/", asked)
    assert response.status_code == 400
    assert response.json()["error"]
