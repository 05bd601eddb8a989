"""docs/tutorial.md, followed step by step: each command works, and the desk at its end."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.browsers.browser import Browser, BrowserName, Page
from tests.processes.forked import PROJECT
from tests.processes.process import Process, free_port
from tests.processes.site import run_python

pytestmark = pytest.mark.processes

STEP = re.compile(r"^## (\d+\..*?|On a server)$", re.M)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.S | re.M)
FILE_NAME = re.compile(r"(?:#|//|<!--) ([\w/]+\.\w+)(, at its end)?(?: -->)?\n")
PASSWORD = "correct horse"
IN_FOLDER = """
import os, runpy, sys

here = os.path.dirname(__file__)
os.chdir(here)
sys.path.insert(0, here)
del sys.argv[0]
if sys.argv[0] == "-m":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Does what Python does with its arguments, in a process that was forked elsewhere."""


class Project:
    """The reader's folder."""

    def __init__(self, directory: Path, env: dict[str, str]) -> None:
        self.directory = directory
        self.env = {
            **env,
            "DJANGO_SETTINGS_MODULE": "mysite.settings",
            "DJANGO_SUPERUSER_EMAIL": "somebody@example.com",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "PYTHONPATH": str(PROJECT),
        }
        (directory / "in_folder.py").write_text(IN_FOLDER)
        call_command("startproject", "mysite", str(directory))
        (directory / "desk").mkdir()
        call_command("startapp", "desk", str(directory / "desk"))

    def follow(self, step: str) -> None:
        """Write the files of a step and run its commands, in their order."""
        for language, text in BLOCK.findall(step):
            if language == "sh":
                for line in text.splitlines():
                    self.run(shlex.split(line))
            else:
                self.write(text)

    def check_settings_of(self, step: str) -> None:
        """Write a step's settings, and have Django check them."""
        for language, text in BLOCK.findall(step):
            if language == "python":
                self.write(text)
        named = re.findall(r'environ\["(\w+)"\]', step)
        self.env |= dict.fromkeys(named, "x" * 50) | {"REDIS_URL": "redis://127.0.0.1"}
        self.env["DJANGO_SETTINGS_MODULE"] = "mysite.production_settings"
        self.manage("check", "--deploy")

    def write(self, text: str) -> None:
        """Write a file that is shown, or append to one."""
        named = FILE_NAME.match(text)
        assert named, f"A block has no file name in its first line:\n{text}"
        path = self.directory / named[1]
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text((path.read_text() if named[2] else "") + text)

    def run(self, words: list[str]) -> None:
        """Run a command of the reader's; what the test does in its own way is left out."""
        match words:
            case ["pip" | "django-admin", *_] | [_, _, "startapp" | "runserver", *_]:
                return
            case ["python", "manage.py", "createsuperuser", *rest]:
                self.manage("createsuperuser", "--noinput", *rest)
            case ["python", "manage.py", *rest]:
                self.manage(*rest)
            case ["python", "-m", "pytest", *rest]:
                self.env["DJANGO_SETTINGS_MODULE"] = "mysite.test_settings"
                self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *rest)
            case _:
                raise AssertionError(f"The test can't run this: {shlex.join(words)}")

    def manage(self, *arguments: str) -> None:
        """Run its manage.py."""
        self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> None:
        """Run Python in the folder; fail with its output."""
        run_python(self.env, str(self.directory / "in_folder.py"), *arguments)


class Desk(Process):
    name = "the site of docs/tutorial.md"


@pytest.fixture(scope="module")
def tutorial() -> list[str]:
    """The text of each step; the last is the site on a server."""
    steps = STEP.split((PROJECT / "docs/tutorial.md").read_text())
    assert steps[-2] == "On a server"
    return steps[2::2]


@pytest.fixture
def project(tmp_path: Path, site_env: dict[str, str]) -> Project:
    return Project(tmp_path, site_env)


@pytest.fixture
def page(launch: Callable[[BrowserName], Browser]) -> Iterator[Page]:
    page = launch("chromium").open("tutorial", profile="tutorial")
    yield page
    page.close()


def test_each_step_works_and_the_desk_takes_calls(
    tutorial: list[str], project: Project, page: Page
) -> None:
    *steps, on_a_server = tutorial
    assert len(steps) == 10
    for step in steps:
        project.follow(step)
    project.check_settings_of(on_a_server)
    port = free_port()
    project.env["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    serve = [str(project.directory / "manage.py"), "runserver", "--noreload", str(port)]
    desk = Desk([sys.executable, *serve], project.directory / "log", port, env=project.env)
    desk.start()
    try:
        page.goto(f"http://127.0.0.1:{port}/")
        page.fill("[name=username]", "alice")
        page.fill("[name=password]", PASSWORD)
        page.run("void setTimeout(() => document.querySelector('form').submit())")
        page.wait_for("document.querySelector('#here')?.textContent === 'Here: alice'")
        project.manage("shell", "-c", "from desk.calls import ring; ring('+15550100199')")
        page.wait_for("document.querySelector('#calls').textContent.includes('0199: ringing')")
        page.run("[...document.querySelectorAll('button')].at(-1).click()")
        page.wait_for("document.body.textContent.includes('0199: answered alice')")
    finally:
        desk.kill()
