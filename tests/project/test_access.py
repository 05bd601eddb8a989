"""Who gets an answer of the demo, and what comes with it."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from project.throttle import FOR_NAME, FROM_ADDRESS, FROM_ADDRESS_FOR_NAME

SECRET = "redis://:the-password@redis.example"


@pytest.fixture(autouse=True)
def a_site(settings: Any, db: None) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "URL": SECRET}}
    cache.clear()
    get_user_model().objects.create_user("alice", password="a good password")


# Only this machine, at home


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "elsewhere",
    [
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "no host at all"},
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
    ],
    ids=str,
)
def test_at_home_others_get_nothing(settings: Any, elsewhere: dict[str, str], debug: bool) -> None:
    settings.DEBUG = debug
    for path in ("/", "/login/", "/admin/", "/nothing-here/"):
        response = Client().get(path, **elsewhere)
        assert (response.status_code, response["Content-Type"]) == (403, "text/plain"), path
        assert "PUBLIC_URL" in response.text
        assert SECRET not in response.text and "alice" not in response.text


def test_elsewhere_a_foreign_host_gets_nothing(settings: Any) -> None:
    settings.AT_HOME = False
    response = Client().get("/login/", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert SECRET not in response.text


def test_only_at_home_the_login_page_shows_who_may_log_in(client: Client, settings: Any) -> None:
    hint = "log in as <b>alice</b> or <b>bob</b>, with the password <b>demo</b>"
    assert hint in client.get("/login/").text
    settings.AT_HOME = False
    page = client.get("/login/").text
    assert "demo" not in page and "alice" not in page


# The policy


@pytest.mark.parametrize("path", ["/login/", "/admin/login/", "/calls/", "/nothing-here/"])
@pytest.mark.parametrize("at_home", [True, False])
def test_every_answer_has_a_strict_policy(
    client: Client, settings: Any, path: str, at_home: bool
) -> None:
    settings.AT_HOME = at_home
    found = client.get(path)["Content-Security-Policy"]
    assert "connect-src 'self'; media-src 'self'" in found
    assert "unsafe" not in found and "*" not in found and "http" not in found


def test_phones_over_twilio_may_reach_it(client: Client, settings: Any) -> None:
    settings.TWILIO_API_KEY = "SK1"
    found = client.get("/login/")["Content-Security-Policy"]
    directives = dict(one.split(" ", 1) for one in found.split("; "))
    assert "wss://voice-js.roaming.twilio.com" in directives["connect-src"].split()
    assert "mediastream:" in directives["media-src"].split()
    assert directives["script-src"] == "'self'"
    assert "unsafe" not in found and "*" not in found


# Logging in


def log_in(name: str, password: str, address: str = "127.0.0.1", path: str = "/login/") -> Any:
    fields = {"username": name, "password": password}
    return Client().post(path, fields, REMOTE_ADDR=address)


@pytest.fixture
def public(settings: Any) -> None:
    settings.AT_HOME = False


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_a_password_can_not_be_guessed(public: None, path: str) -> None:
    for number in range(FROM_ADDRESS_FOR_NAME):
        assert log_in("alice", f"guess {number}", path=path).status_code == 200
    for name in ("alice", "Alice", " alice ", "\uff41lice"):
        response = log_in(name, "a good password", path=path)
        assert response.status_code == 429
        assert "Try again in 5 minutes" in response.text
        assert response["Retry-After"] == "300"
    assert log_in("alice", "a good password", "192.0.2.7").status_code == 302


def test_an_address_can_not_try_one_password_with_all_users(public: None) -> None:
    for number in range(FROM_ADDRESS):
        assert log_in(f"user{number}", "password1").status_code == 200
    assert log_in("alice", "a good password").status_code == 429


def test_many_addresses_can_not_try_all_passwords_of_a_user(public: None) -> None:
    for number in range(FOR_NAME):
        assert log_in("alice", "guess", f"192.0.2.{number}").status_code == 200
    assert log_in("alice", "a good password", "198.51.100.1").status_code == 429


def test_who_logs_in_often_is_let_in(public: None) -> None:
    for _ in range(2 * FROM_ADDRESS):
        assert log_in("alice", "a good password").status_code == 302


def test_a_session_gives_no_further_attempts(public: None) -> None:
    get_user_model().objects.create_user("mallory", password="a good password")
    client = Client()
    client.force_login(get_user_model().objects.get(username="mallory"))
    for _ in range(FROM_ADDRESS_FOR_NAME):
        client.post("/login/", {"username": "alice", "password": "guess"})
    again = client.post("/login/", {"username": "alice", "password": "a good password"})
    assert again.status_code == 429


def test_the_address_is_the_last_that_the_proxy_reports(public: None) -> None:
    def guess(reported: str, remote: str = "127.0.0.1") -> int:
        fields = {"username": "alice", "password": "guess"}
        headers = {"X-Forwarded-For": reported}
        response = Client().post("/login/", fields, headers=headers, REMOTE_ADDR=remote)
        return int(response.status_code)

    invented = [f"198.51.100.{number}, 192.0.2.7" for number in range(FROM_ADDRESS_FOR_NAME)]
    assert [guess(reported) for reported in invented] == [200] * FROM_ADDRESS_FOR_NAME
    assert guess("198.51.100.99, 192.0.2.7") == 429
    assert guess("192.0.2.8") == 200
    direct = [guess(f"192.0.2.{number}", "203.0.113.9") for number in range(FROM_ADDRESS_FOR_NAME)]
    assert direct == [200] * FROM_ADDRESS_FOR_NAME
    assert guess("192.0.2.99", "203.0.113.9") == 429


@pytest.mark.parametrize("name", ["", "\0", "\ud800", "x" * 100_000])
def test_any_name_may_be_tried(public: None, name: str) -> None:
    assert log_in(name.encode(errors="surrogatepass"), "guess").status_code in (200, 400)
