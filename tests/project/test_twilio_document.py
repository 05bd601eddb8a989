"""docs/twilio.md, followed word for word, makes a safe site."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth.hashers import make_password
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.processes.process import PROJECT, Process, free_port
from tests.processes.site import manage, site_environment

pytestmark = pytest.mark.processes

PUBLIC = "https://calls.example.com"
FORWARDED = {
    "Host": "calls.example.com",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "192.0.2.7",
}
"""What a proxy that ends TLS says."""


class Demo(Process):
    name = "the site of docs/twilio.md"


class Visitor:
    """Somebody at the other end of the proxy."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> requests.Response:
        sent = {**FORWARDED, "Cookie": self.cookie_header(), "Referer": PUBLIC, **headers}
        response = requests.request(
            method, self._url + path, data=data, headers=sent, allow_redirects=False, timeout=10
        )
        self._cookies |= response.cookies.get_dict()
        return response

    def log_in(self, username: str, password: str) -> requests.Response:
        self.ask("GET", "/login/")
        token = {"X-CSRFToken": self._cookies["csrftoken"]}
        fields = {"username": username, "password": password}
        return self.ask("POST", "/login/", fields, **token)

    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The document's own commands, carried out by a shell, and where this test's data is."""
    (commands,) = re.findall(
        r"^```sh\n(.*?)^```", (PROJECT / "docs/twilio.md").read_text(), re.S | re.M
    )
    assert commands.endswith("\nmake demo\n")
    done = subprocess.run(
        ["sh", "-euc", commands.removesuffix("make demo\n") + "env -0"],
        env={**site_environment(""), "SECRET_KEY": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    directory = tmp_path_factory.mktemp("twilio")
    kept = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    database = {"DATABASE_URL": f"sqlite:///{directory / 'db.sqlite3'}"}
    return {**kept, **database, "PORT": str(free_port()), "DIRECTORY": str(directory)}


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> Iterator[Demo]:
    log = Path(environment["DIRECTORY"]) / "log"
    port = int(environment["PORT"])
    demo = Demo([sys.executable, "manage.py", "demo"], log, port, env=environment)
    demo.start()
    yield demo
    demo.kill()


@pytest.fixture
def visitor(site: Demo) -> Visitor:
    return Visitor(site.port)


def test_the_login_page_gives_nothing_away(site: Demo, visitor: Visitor) -> None:
    page = visitor.ask("GET", "/login/")
    assert page.status_code == 200
    assert "alice" not in page.text and "password demo" not in site.log()
    assert "max-age=2592000" in page.headers["Strict-Transport-Security"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Secure" in page.headers["Set-Cookie"]


def test_alice_and_demo_do_not_open_it_and_the_attempts_are_limited(visitor: Visitor) -> None:
    answers = [visitor.log_in("alice", "demo").status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 200, 429]


@pytest.mark.parametrize("path", ["/", "/nothing-here/", "/calls/twilio/voice/"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost"])
def test_a_foreign_host_sees_no_settings(visitor: Visitor, path: str, host: str) -> None:
    page = visitor.ask("POST", path, Host=host)
    assert page.status_code == 400
    assert len(page.text) < 300


def test_plain_http_is_sent_to_https(visitor: Visitor) -> None:
    page = visitor.ask("GET", "/login/", **{"X-Forwarded-Proto": "http"})
    assert (page.status_code, page.headers["Location"]) == (301, f"{PUBLIC}/login/")


def test_an_agent_who_was_made_as_it_says_works_at_the_desk(
    site: Demo, visitor: Visitor, environment: dict[str, str]
) -> None:
    hashed = make_password("correct horse battery")
    made = f"User.objects.create(username='carol', password={hashed!r})"
    manage(environment, "shell", "-c", f"from django.contrib.auth.models import User; {made}")
    assert "carol is an agent" in manage(environment, "create_agent", "carol")
    assert visitor.log_in("carol", "correct horse battery").status_code == 302
    page = visitor.ask("GET", "/")
    assert page.status_code == 200 and "carol" in page.text
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        assert visitor.ask("GET", path).status_code == 200, path

    def greeted(origin: str) -> str:
        headers = {"Cookie": visitor.cookie_header(), "X-Forwarded-Proto": "https"}
        options: dict[str, Any] = {"additional_headers": headers, "origin": origin}
        tcp = socket.create_connection(("127.0.0.1", site.port))
        with connect("ws://calls.example.com/realtime/", sock=tcp, **options) as opened:
            return str(opened.recv(5))

    assert '"me":"user.' in greeted(PUBLIC)
    for foreign in ("http://calls.example.com", f"{PUBLIC}:8443", "https://example.com"):
        with pytest.raises(InvalidStatus):
            greeted(foreign)
