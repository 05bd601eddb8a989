"""Which phone the page gets, and the token that it logs in with."""

from typing import Any

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.test import Client

KEYS = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret" * 6, "TWILIO_APP_SID": "AP1"}


@pytest.fixture
def keys(settings: Any) -> None:
    for name, value in KEYS.items():
        setattr(settings, name, value)


def test_a_token_is_for_this_agents_phone_alone(desk: Client, alice: Any, keys: None) -> None:
    response = desk.get("/calls/phone/")
    assert "no-store" in response["Cache-Control"]
    answer = response.json()
    token = answer.pop("token")
    assert answer == {"kind": "twilio", "identity": f"agent_{alice.pk}", "seconds": 3600}
    claims = jwt.decode(token, "secret" * 6, algorithms=["HS256"])
    assert (claims["iss"], claims["exp"] - claims["nbf"]) == ("SK1", 3600)
    assert claims["grants"] == {
        "identity": f"agent_{alice.pk}",
        "voice": {"incoming": {"allow": True}, "outgoing": {"application_sid": "AP1"}},
    }


def test_any_username_has_a_phone(client: Client, alice: Any, keys: None) -> None:
    odd = get_user_model().objects.create_user("ö +@.-_ x@example.com")
    odd.groups.set(alice.groups.all())
    client.force_login(odd)
    assert client.get("/calls/phone/").json()["identity"] == f"agent_{odd.pk}"


def test_with_the_simulator_the_phone_is_a_stand_in(desk: Client, settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = ""
    assert desk.get("/calls/phone/").json() == {"kind": "stand-in"}


def test_without_keys_the_phone_is_elsewhere(desk: Client, alice: Any) -> None:
    expected = {"kind": "elsewhere", "identity": f"agent_{alice.pk}"}
    assert desk.get("/calls/phone/").json() == expected


def test_only_agents_get_a_token(client: Client, db: None, keys: None) -> None:
    assert client.get("/calls/phone/").status_code == 401
    client.force_login(get_user_model().objects.create_user("mallory"))
    assert client.get("/calls/phone/").status_code == 403
    assert client.post("/calls/phone/").status_code == 405
