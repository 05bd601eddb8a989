"""The requests to Twilio's REST API, seen at its HTTP client."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.test import RequestFactory
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from calls.models import Call
from calls.states import State
from calls.telephony import TelephonyError, get_telephony
from calls.telephony.twilio import Twilio
from tests.calls.twilio_webhooks import ACCOUNT_SID, AUTH_TOKEN

CALLS = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Calls"
CALLBACK = "https://calls.example.com/calls/twilio/status/"


class Api:
    """Records the requests to Twilio and gives the answer that the test sets."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.answer: Response | Exception = Response(201, '{"sid": "CA9", "status": "queued"}')

    def request(self, method: str, url: str, *, data: Any, auth: Any, **options: Any) -> Response:
        assert auth == (ACCOUNT_SID, AUTH_TOKEN)
        self.requests.append((method, url, data))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    api = Api()

    def request(client: Any, method: str, url: str, **options: Any) -> Response:
        assert client.timeout == 5
        return api.request(method, url, **options)

    monkeypatch.setattr(TwilioHttpClient, "request", request)
    return api


@pytest.fixture
def company(settings: Any) -> Twilio:
    settings.PUBLIC_URL = "https://calls.example.com"
    company = get_telephony(RequestFactory().get("/"))
    assert isinstance(company, Twilio)
    return company


def call() -> Call:
    return Call(sid="CA1", state=State.RINGING)


def twiml(username: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Dial timeout="30">'
        f'<Client statusCallback="{CALLBACK}" statusCallbackEvent="answered" '
        f'statusCallbackMethod="POST">{username}</Client></Dial></Response>'
    )


def test_placing_a_call(company: Twilio, api: Api, alice: Any) -> None:
    assert company.place("+15550100199", alice) == ("CA9", State.QUEUED, "+15550100000")
    ((method, url, data),) = api.requests
    assert (method, url) == ("POST", f"{CALLS}.json")
    assert data == {
        "To": "+15550100199",
        "From": "+15550100000",
        "Twiml": twiml("alice"),
        "Timeout": 30,
        "StatusCallback": CALLBACK,
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    }


def test_answering_redirects_the_caller_to_one_agent(company: Twilio, api: Api, bob: Any) -> None:
    company.answer(call(), bob)
    assert api.requests == [("POST", f"{CALLS}/CA1.json", {"Twiml": twiml("bob")})]


def test_hanging_up(company: Twilio, api: Api) -> None:
    company.hang_up(call())
    assert api.requests == [("POST", f"{CALLS}/CA1.json", {"Status": "completed"})]


def test_a_refusal_carries_twilios_message(company: Twilio, api: Api) -> None:
    api.answer = Response(400, '{"code": 21220, "message": "Call is not in-progress."}')
    with pytest.raises(TelephonyError, match=r"Twilio refused: .*Call is not in-progress"):
        company.hang_up(call())


@pytest.mark.parametrize("fault", [requests.ConnectionError("down"), requests.Timeout("slow")])
def test_twilio_down(company: Twilio, api: Api, fault: Exception) -> None:
    api.answer = fault
    with pytest.raises(TelephonyError, match="isn't known"):
        company.hang_up(call())


def test_an_account_without_a_number_places_no_calls(
    company: Twilio, api: Api, alice: Any, settings: Any
) -> None:
    settings.TWILIO_NUMBER = ""
    with pytest.raises(TelephonyError, match="TWILIO_NUMBER"):
        company.place("+15550100199", alice)
    assert not api.requests
