"""The demo's settings, in an environment of a test's own."""

import os
import runpy
import subprocess
import sys
from typing import Any

import pytest

from tests.processes.process import PROJECT

KEY = "kq8vR2mZ5xT0nYc7LwP3bJd9HfS6gA1eUoWi4tQrXyEzBvNs" + "MjKp"
PUBLIC = {"PUBLIC_URL": "https://calls.example.com", "SECRET_KEY": KEY}


def settings_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    """Return the settings that the demo has in an environment."""
    monkeypatch.setattr(os, "environ", environment)
    return runpy.run_path(str(PROJECT / "project" / "settings.py"))


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Python's in an environment, and return what came of it."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
