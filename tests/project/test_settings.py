"""Which settings the demo has at home, and where others can reach it."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from project.exposure import is_this_machine
from tests.project.environment import KEY, PUBLIC, python, settings_with

SAFE = {
    "AT_HOME": False,
    "DEBUG": False,
    "ALLOWED_HOSTS": ["calls.example.com"],
    "CSRF_TRUSTED_ORIGINS": ["https://calls.example.com"],
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
}
ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "12345"}
PHONES = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret", "TWILIO_APP_SID": "AP1"}
EXPOSED = [
    {},
    ACCOUNT,
    {**ACCOUNT, **PHONES},
    {"HOST": "0.0.0.0"},
    {"DEBUG": "1"},
    {"HOST": "192.0.2.1", "DEBUG": "1"},
]


@pytest.mark.parametrize("more", EXPOSED, ids=str)
def test_where_others_can_reach_it_the_site_is_safe(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    settings = settings_with(monkeypatch, **PUBLIC, **more)
    assert {name: settings[name] for name in SAFE} == SAFE
    assert settings["SECURE_HSTS_SECONDS"] > 86400


@pytest.mark.parametrize(
    "home",
    [
        {},
        {"PUBLIC_URL": "http://127.0.0.1:8123"},
        {"HOST": "::1"},
        {"HOST": "localhost", "ALLOWED_HOSTS": "localhost,desk.localhost,[::1]"},
    ],
    ids=str,
)
def test_at_home_it_is_convenient(monkeypatch: pytest.MonkeyPatch, home: dict[str, str]) -> None:
    settings = settings_with(monkeypatch, SECRET_KEY="short", **home)
    assert settings["AT_HOME"] and settings["DEBUG"]
    assert "SESSION_COOKIE_SECURE" not in settings


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PUBLIC_URL": "https://calls.example.com"}, "SECRET_KEY has to be 50 random"),
        ({**PUBLIC, "SECRET_KEY": "short"}, "SECRET_KEY has to be 50 random"),
        ({**PUBLIC, "PUBLIC_URL": "http://calls.example.com"}, "PUBLIC_URL has to be its https"),
        ({**ACCOUNT, "SECRET_KEY": KEY}, "TWILIO_ACCOUNT_SID is set.*PUBLIC_URL has to be"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_AUTH_TOKEN is needed too"),
        (
            {**ACCOUNT, **PUBLIC, "TWILIO_API_KEY": "SK1"},
            "TWILIO_API_SECRET, TWILIO_APP_SID missing",
        ),
        (PHONES, "TWILIO_ACCOUNT_SID missing"),
        (
            {"PUBLIC_URL": "https://calls.example.com/desk"},
            "the site's address alone.*/desk no sig",
        ),
        ({"PUBLIC_URL": "https://calls.example.com/?a"}, "the site's address alone"),
        ({"HOST": "0.0.0.0", "SECRET_KEY": KEY}, "HOST is 0.0.0.0.*PUBLIC_URL has to be"),
        ({"HOST": "", "SECRET_KEY": KEY}, "PUBLIC_URL has to be"),
        ({"ALLOWED_HOSTS": "*", "SECRET_KEY": KEY}, r"ALLOWED_HOSTS has \*.*PUBLIC_URL has to be"),
        ({"ALLOWED_HOSTS": "localhost,desk.lan"}, "ALLOWED_HOSTS has desk.lan.*SECRET_KEY has to"),
    ],
)
def test_what_is_missing_there_is_demanded(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        settings_with(monkeypatch, **environment)


def test_a_slash_after_the_public_url_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(monkeypatch, **{**PUBLIC, "PUBLIC_URL": "https://calls.example.com/"})
    assert settings["PUBLIC_URL"] == "https://calls.example.com"


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost")],
        *[
            (host, False)
            for host in ("0.0.0.0", "::", "", "10.0.0.1", "example.com", "localhost.x")
        ],
        *[(host, False) for host in ("127.0.0.1.example.com", "notlocalhost", "*")],
    ],
)
def test_which_hosts_are_this_machine(host: str, here: bool) -> None:
    assert is_this_machine(host) is here


def test_the_key_that_is_kept_was_never_readable_by_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep = settings_with(monkeypatch, SECRET_KEY="short")["kept_secret_key"]
    modes: list[int] = []
    link = Path.hardlink_to

    def seen(path: Path, draft: Any) -> None:
        modes.append(stat.S_IMODE(Path(draft).stat().st_mode))
        link(path, draft)

    monkeypatch.setattr(Path, "hardlink_to", seen)
    key = keep(tmp_path / ".secret_key")
    assert len(key) >= 50 and keep(tmp_path / ".secret_key") == key
    assert modes == [0o600] == [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()]


def test_an_empty_database_url_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    default = settings_with(monkeypatch)["DATABASES"]
    assert settings_with(monkeypatch, DATABASE_URL="")["DATABASES"] == default
    assert default["default"]["ENGINE"] == "django.db.backends.sqlite3"


@pytest.mark.processes
@pytest.mark.parametrize("more", [{}, {**ACCOUNT, "REDIS_URL": "redis://localhost"}], ids=str)
def test_djangos_own_check_finds_nothing(tmp_path: Path, more: dict[str, str]) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"}
    check = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = python(*check, **PUBLIC, **database, **more)
    assert done.returncode == 0, done.stdout
    assert "no issues" in done.stdout
