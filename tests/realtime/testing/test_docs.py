"""The examples of ``docs/testing.md``, run as they stand there in a project of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.S | re.M)
FILE_NAME = re.compile(r"# ([\w/]+\.py)\n")

SETTINGS = """
SECRET_KEY = "for tests"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "channels", "realtime", "mysite",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3",
                         "OPTIONS": {"transaction_mode": "IMMEDIATE"}}}
USE_TZ = True
"""
PYTEST = """
[pytest]
DJANGO_SETTINGS_MODULE = mysite.test_settings
pythonpath = .
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""


def block_with(document, text):
    """Return the one example of a document that holds a text."""
    blocks = BLOCK.findall((PROJECT / document).read_text())
    (found,) = [block for block in blocks if text in block]
    return found


@pytest.fixture
def examples(tmp_path):
    """A project of what the documents show, with the examples as its tests."""
    files = {
        "pytest.ini": PYTEST,
        "mysite/__init__.py": "",
        "mysite/settings.py": SETTINGS,
        "mysite/asgi.py": block_with("docs/quickstart.md", "realtime.asgi.application()\n"),
        "mysite/greetings.py": block_with("README.md", "def greet("),
        "mysite/consumers.py": block_with("README.md", "class Chat("),
        "mysite/streams.py": block_with("docs/consumers.md", "class RoomStream("),
    }
    for block in BLOCK.findall((PROJECT / "docs/testing.md").read_text()):
        name = FILE_NAME.match(block)
        assert name, f"An example has no file name in its first line:\n{block}"
        files[name[1]] = block
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.processes
def test_the_examples_pass(examples):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("PY", "DJANGO"))}
    done = subprocess.run(
        command,
        cwd=examples,
        env={**kept, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    tests = re.findall(r"^(?:async )?def test_", (PROJECT / "docs/testing.md").read_text(), re.M)
    assert f"{len(tests)} passed" in done.stdout, done.stdout + done.stderr
    assert "warning" not in done.stdout, done.stdout
    assert done.stderr == ""
