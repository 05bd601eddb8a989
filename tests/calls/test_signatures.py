"""Who may send webhooks: Twilio's signature, and the URL that it was made for."""

import re
from typing import Any

import pytest
from django.test import Client, RequestFactory
from twilio.request_validator import RequestValidator

from calls.models import Call
from calls.signatures import is_signed
from tests.calls.twilio_webhooks import STATUS, VOICE, event, sign

# Published at https://www.twilio.com/docs/usage/security#validating-requests and, for the other
# ports and for repeated parameters, in the tests of the twilio package.
PUBLISHED = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
PUBLISHED_PATH = "/myapp.php?foo=1&bar=2"
PUBLISHED_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
TOKEN = "12345"


@pytest.fixture(autouse=True)
def twilios_own_host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["mycompany.com", "testserver", "127.0.0.1"]


def published(form: dict[str, Any] = PUBLISHED, **extra: Any) -> Any:
    headers = {"X-Twilio-Signature": PUBLISHED_SIGNATURE, "Host": "mycompany.com"}
    headers |= extra.pop("headers", {})
    return RequestFactory().post(PUBLISHED_PATH, form, headers=headers, **extra)


def test_twilios_published_vector() -> None:
    url = f"https://mycompany.com{PUBLISHED_PATH}"
    assert RequestValidator(TOKEN).compute_signature(url, PUBLISHED) == PUBLISHED_SIGNATURE
    assert is_signed(published(secure=True), TOKEN)


@pytest.mark.parametrize(
    ("secure", "host", "signature"),
    [
        (True, "mycompany.com", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (True, "mycompany.com:1234", PUBLISHED_SIGNATURE),
        (False, "mycompany.com", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (False, "mycompany.com:1234", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ],
)
def test_twilio_signs_with_the_port_or_without(secure: bool, host: str, signature: str) -> None:
    headers = {"Host": host, "X-Twilio-Signature": signature}
    assert is_signed(published(secure=secure, headers=headers), TOKEN)


def test_a_parameter_may_come_twice() -> None:
    form = {"Sid": "CA123", "SidAccount": "AC123", "Digits": ["5678", "1234"]}
    headers = {"X-Twilio-Signature": "IK+Dwps556ElfBT0I3Rgjkr1wJU="}
    assert is_signed(published(form, secure=True, headers=headers), TOKEN)


@pytest.mark.parametrize(
    "request_",
    [
        published({**PUBLISHED, "Digits": "1235"}, secure=True),
        published({**PUBLISHED, "More": "1"}, secure=True),
        published(secure=True, headers={"Host": "testserver"}),
        published(secure=True, headers={"Host": "mycompany.com:99999"}),
        published(secure=True, headers={"X-Twilio-Signature": ""}),
        published(secure=True, headers={"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B9="}),
        published(secure=True, headers={"X-Twilio-Signature": "é" * 28}),
    ],
)
def test_anything_else_is_not_signed(request_: Any) -> None:
    assert not is_signed(request_, TOKEN)


def test_behind_a_tls_proxy_that_does_not_say_so() -> None:
    assert is_signed(published(), TOKEN)


@pytest.mark.parametrize("public_url", ["", "https://mycompany.com"])
@pytest.mark.parametrize("port", ["", ":443"])
def test_the_overrides_of_the_address_may_be_signed_or_not(
    settings: Any, public_url: str, port: str
) -> None:
    settings.PUBLIC_URL = public_url
    for fragment in ("", "#rc=5&rp=all"):
        url = f"https://mycompany.com{port}{PUBLISHED_PATH}{fragment}"
        signature = RequestValidator(TOKEN).compute_signature(url, PUBLISHED)
        assert is_signed(published(headers={"X-Twilio-Signature": signature}), TOKEN)
    other = RequestValidator(TOKEN).compute_signature(f"{url}x", PUBLISHED)
    assert not is_signed(published(headers={"X-Twilio-Signature": other}), TOKEN)


def test_another_token_does_not_fit() -> None:
    assert not is_signed(published(secure=True), "54321")


def test_behind_a_tls_proxy_with_djangos_settings(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.USE_X_FORWARDED_HOST = True
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mycompany.com"}
    assert is_signed(published(headers={**forwarded, "Host": "127.0.0.1:8000"}), TOKEN)


def test_behind_a_tls_proxy_with_the_public_url(settings: Any) -> None:
    settings.PUBLIC_URL = "https://mycompany.com"
    assert is_signed(published(headers={"Host": "127.0.0.1:8000"}), TOKEN)


def test_twiml_names_the_public_url(settings: Any, agents: None, client: Client) -> None:
    settings.PUBLIC_URL = "https://mycompany.com"
    form = event("ringing")
    signature = sign(f"https://mycompany.com{VOICE}", form)
    response = client.post(VOICE, form, headers={"X-Twilio-Signature": signature})
    addresses = re.findall(r'"(https?:[^"?]*)', response.text)
    assert addresses
    assert {url.rsplit("/", 2)[0] for url in addresses} == {"https://mycompany.com/calls/twilio"}


@pytest.mark.parametrize("path", [VOICE, STATUS])
@pytest.mark.parametrize("signature", [None, "", "wrong", PUBLISHED_SIGNATURE])
def test_unsigned_webhooks_are_refused_and_store_nothing(
    client: Client, db: None, path: str, signature: str | None
) -> None:
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    assert client.post(path, event("ringing", 0), headers=headers).status_code == 403
    assert not Call.objects.exists()


def test_a_signature_is_checked_before_the_parameters(client: Client, db: None) -> None:
    assert client.post(STATUS, {}).status_code == 403


def test_without_an_account_the_simulators_token_signs(
    client: Client, db: None, settings: Any
) -> None:
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = ""
    form = event("ringing", 0, AccountSid="")
    for token in ["", TOKEN]:
        headers = {"X-Twilio-Signature": sign(f"http://testserver{STATUS}", form, token)}
        assert client.post(STATUS, form, headers=headers).status_code == 403
