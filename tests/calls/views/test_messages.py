"""Listening to a voice message."""

import pytest
from django.test import Client

from calls import voicemail
from calls.models import Call
from calls.telephony import NoSuchCall, Recording
from tests.calls.views.conftest import Company

URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"


@pytest.fixture
def path(ringing: Call) -> str:
    voicemail.keep(ringing, recording="RE1", url=URL, seconds=4)
    return f"/calls/{ringing.pk}/message/"


def test_the_sound_comes_from_this_site(desk: Client, path: str, company: Company) -> None:
    response = desk.get(path)
    assert (response.status_code, response.content) == (200, company.sound.content)
    assert response["Content-Type"] == "audio/mpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert company.requests == [("recording", URL)]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-1", 0, 1), ("bytes=10-", 10, 99), ("bytes=-5", 95, 99), ("bytes=90-999", 90, 99)],
)
def test_a_part_of_it(
    desk: Client, path: str, company: Company, asked: str, first: int, last: int
) -> None:
    response = desk.get(path, headers={"Range": asked})
    assert response.status_code == 206
    assert response.content == company.sound.content[first : last + 1]
    assert response["Content-Range"] == f"bytes {first}-{last}/100"


def test_a_part_that_is_not_there(desk: Client, path: str, company: Company) -> None:
    response = desk.get(path, headers={"Range": "bytes=100-"})
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */100")


@pytest.mark.parametrize(
    "sound",
    [
        Recording(b"<script>", "text/html"),
        Recording(b"", ""),
        Recording(bytes(5 * 2**20 + 1), "audio/mpeg"),
    ],
    ids=["a page", "nothing", "too large"],
)
def test_what_is_no_sound_is_not_passed_on(
    desk: Client, path: str, company: Company, sound: Recording
) -> None:
    company.sound = sound
    response = desk.get(path)
    assert (response.status_code, response["Content-Type"]) == (502, "application/json")


def test_a_recording_that_is_gone(desk: Client, path: str, company: Company) -> None:
    company.failure = NoSuchCall("Twilio doesn't know this recording.")
    assert desk.get(path).status_code == 502


def test_a_call_without_a_message(desk: Client, ringing: Call, company: Company) -> None:
    assert desk.get(f"/calls/{ringing.pk}/message/").status_code == 404
    assert not company.requests


def test_messages_are_for_agents(client: Client, path: str, company: Company) -> None:
    assert client.get(path).status_code == 401
    assert not company.requests


def test_the_call_says_that_it_has_one(desk: Client, path: str) -> None:
    (call,) = desk.get("/calls/").json()["calls"]
    assert call["message"] == {"seconds": 4}
