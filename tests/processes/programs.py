"""Find the system's programs that a test needs; without one the test is skipped, or fails in CI."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

# Debian keeps administrators' programs, and PostgreSQL's own, out of an ordinary PATH.
PLACES = [
    *os.environ.get("PATH", "").split(":"),
    "/usr/sbin",
    "/sbin",
    *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
]


def lacking(what: str) -> NoReturn:
    """Skip the test because `what` is not to be had here; CI has everything, so fail there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; see tests/install")
    pytest.skip(f"{what}; see tests/install")


def program(name: str) -> str:
    """Return the full path of the program `name`."""
    return shutil.which(name, path=":".join(PLACES)) or lacking(f"{name} is not installed")
