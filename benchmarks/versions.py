"""Describes a run: the machine, the day and all versions."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from tests.processes.programs import program

HERE = Path(__file__).parent
PACKAGES = (
    "django",
    "channels",
    "channels-redis",
    "redis",
    "uvicorn",
    "websockets",
    "daphne",
    "python-socketio",
    "picows",
    "uvloop",
)


def about() -> dict[str, str]:
    """Return the description for the results."""
    return {
        "machine": _machine(),
        "day": time.strftime("%Y-%m-%d"),
        "versions": ", ".join(f"{name} {version}" for name, version in _versions()),
    }


def _machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{models[0]}, {len(models)} cores, Linux {platform.release()}"


def _versions() -> Iterator[tuple[str, str]]:
    yield "Python", platform.python_version()
    for package in PACKAGES:
        yield package, metadata.version(package)
    yield "socketshark", _pinned("socketshark")
    yield "Node", _output("node", "--version").lstrip("v")
    packages = json.loads((HERE / "node/package.json").read_text())["dependencies"]
    yield from packages.items()
    yield "Redis", _output(program("redis-server"), "--version").split("v=")[1].split()[0]
    yield "PostgreSQL", _output(program("postgres"), "--version").split()[2]


def _pinned(package: str) -> str:
    requirements = (HERE / "requirements-socketshark.txt").read_text()
    found = re.search(rf"^{package}==(\S+)", requirements, re.M)
    assert found
    return found[1]


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
