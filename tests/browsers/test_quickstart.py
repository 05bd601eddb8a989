"""The quickstart and the README's twelve lines, word for word, in a project made this minute."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browsers.browser import Browser, BrowserName, Page
from tests.processes.process import Process, free_port
from tests.processes.waiting import wait_until

pytestmark = pytest.mark.processes

PROJECT = Path(__file__).parents[2]
QUICKSTART = (PROJECT / "docs/quickstart.md").read_text()
README = (PROJECT / "README.md").read_text()
FILE = re.compile(r"^`(mysite/[\w/.]+)`(, at the end)?:\n```\w+\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(r"^python manage\.py (.*)$", re.M)
TWELVE_LINES = re.compile(r"^```html\n(.*?)^```", re.M | re.S)
README_PAGE = """
urlpatterns += [path("readme/", render, {"template_name": "readme.html"})]
"""
PASSWORD = "a long password"
GREETINGS = "[...document.querySelectorAll('li')].map((item) => item.textContent)"


class NewProject:
    """A project that has been made this minute, with the files of the quickstart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "site"
        self._folder.mkdir()
        packages = folder / "packages"
        packages.mkdir()
        (packages / "realtime").symlink_to(PROJECT / "realtime")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.env = {
            **kept,
            "PYTHONPATH": str(packages),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        }
        self.python("-m", "django", "startproject", "mysite", ".")
        for name, at_the_end, text in FILE.findall(QUICKSTART):
            path = self._folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(path.read_text() + text if at_the_end else text)
        with (self._folder / "mysite/urls.py").open("a") as urls:
            urls.write(README_PAGE)
        (lines,) = TWELVE_LINES.findall(README)
        (self._folder / "mysite/templates/readme.html").write_text(f"<body>{lines}")

    def python(self, *arguments: str, status: int = 0) -> str:
        """Run Python in its folder and return what it prints."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def manage(self, *arguments: str, status: int = 0) -> str:
        """Run a command of the project and return what it prints."""
        return self.python("manage.py", *arguments, status=status)

    def server(self) -> "Server":
        """Return its `runserver`, to be started."""
        port = free_port()
        # The reloader would be a second process.
        command = [str(self._folder / "manage.py"), "runserver", "--noreload", str(port)]
        return Server([sys.executable, *command], self._folder / "log", port, env=self.env)


class Server(Process):
    name = "runserver"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def log_in(page: Page, url: str) -> None:
    page.goto(url)
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.run("void setTimeout(() => document.querySelector('#login-form').submit())")
    page.wait_for("document.title === 'Greetings'")


def test_two_windows_show_a_greeting(
    tmp_path: Path, launch: Callable[[BrowserName], Browser]
) -> None:
    project = NewProject(tmp_path)
    commands = [command.split() for command in COMMAND.findall(QUICKSTART)]
    assert [command[0] for command in commands] == [
        "migrate",
        "createsuperuser",
        "runserver",
        "realtime_check",
    ]
    project.manage(*commands[0])
    project.manage(*commands[1], "--no-input")
    server = project.server()
    server.start()
    try:
        browser = launch("chromium")
        first = browser.open("quickstart 1", "quickstart")
        log_in(first, server.url)
        second = browser.open("quickstart 2", "quickstart")
        second.goto(server.url)
        third = browser.open("quickstart 3", "quickstart")
        third.goto(f"{server.url}/readme/")
        first.click("button")
        for page in (first, second):
            page.wait_for(f"{GREETINGS}.join() === 'Hello, alice'")

        def greets_the_third() -> bool:
            first.click("button")  # Again: this page has no position, and may be late.
            return bool(third.evaluate("document.body.innerText.includes('Hello, alice')"))

        wait_until(greets_the_third, 20, "the README's page shows the greeting")
        said = project.manage(*commands[3], server.url)
        for step in ("handshake", "latency", "event-log", "layer"):
            assert re.search(rf"^ok +{step}: ", said, re.M), said
    finally:
        server.kill()
