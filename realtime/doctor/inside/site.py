"""Reads the project's settings and processes."""

from __future__ import annotations

import os
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.core.checks import INFO, CheckMessage, Error, run_checks
from django.http.request import validate_host

from realtime.access.origins import is_foreign
from realtime.doctor.address import Address
from realtime.doctor.finding import Finding, Findings, error, ok, warning
from realtime.doctor.rules.drain import Orchestrator, judge_grace
from realtime.doctor.rules.site import (
    Reception,
    judge_cookie,
    judge_reception,
    judge_server,
    judge_workers,
)
from realtime.sockets.command_queue import FINISH_WITHIN
from realtime.sockets.drain import GRACE

SERVERS = ("daphne", "uvicorn", "hypercorn", "granian", "gunicorn")
LIBRARIES = ("websockets", "wsproto")
"""What Uvicorn needs one of to serve WebSockets."""
DRAIN_NEEDS = GRACE + FINISH_WITHIN + GRACE
"""Seconds: sockets leave, messages are finished, presence is written."""

DOCKER = 10.0
KUBERNETES = 30.0
UNIT = re.compile(r"([\w@.\\-]+\.service)$", re.M)
SYSTEMCTL_WITHIN = 3.0


def examine_address(address: Address) -> Findings:
    """Return whether the settings fit the public address."""
    return [
        judge_reception(_reception(address), is_secure=address.is_secure),
        judge_cookie(
            secure=settings.SESSION_COOKIE_SECURE,
            domain=settings.SESSION_COOKIE_DOMAIN,
            host=address.host,
            is_secure=address.is_secure,
        ),
    ]


def examine_processes() -> Findings:
    """Return which servers are installed, and how many workers there are."""
    return [judge_server(_servers()), judge_workers(workers())]


def workers() -> int | None:
    """Return how many processes serve, None where the environment does not say."""
    text = os.environ.get("WEB_CONCURRENCY", "")
    return int(text) if text.isdecimal() else None


def examine_grace(pid: int | None) -> Findings:
    """Return whether the orchestrator gives a server the time to drain.

    ``pid`` is the server's process; None looks at what has started this command.
    """
    return [judge_grace(_orchestrator(pid), DRAIN_NEEDS)]


def examine_system_checks() -> Findings:
    """Return what ``manage.py check`` says of this app, in its own words."""
    # From Django 6.1 on, fields ask the databases unless none is named.
    found = [each for each in run_checks(databases=[]) if str(each.id).startswith("realtime.")]
    found = [each for each in found if not each.is_silenced() and each.level > INFO]
    return [_finding(each) for each in found] or [
        ok("system-checks", "manage.py check has nothing to say of realtime.")
    ]


def _finding(message: CheckMessage) -> Finding:
    level = error if isinstance(message, Error) else warning
    return level(
        "system-checks",
        f"{message.id}: {message.msg}",
        why="See docs/settings.md, System checks.",
        do=message.hint or "See the documentation of the setting.",
    )


def _servers() -> dict[str, str]:
    found = {}
    for name in (*SERVERS, *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _reception(address: Address) -> Reception:
    hosts = settings.ALLOWED_HOSTS
    if settings.DEBUG and not hosts:
        hosts = [".localhost", "127.0.0.1", "[::1]"]
    name = f"[{address.host}]" if ":" in address.host else address.host
    proxy = settings.SECURE_PROXY_SSL_HEADER
    direct = "wss" if address.is_secure else "ws"
    return Reception(
        host=address.host,
        host_allowed=validate_host(name, hosts),
        directly=not is_foreign(_scope(address, "ws" if address.is_secure else direct, {})),
        behind_proxy=proxy is not None
        and address.is_secure
        and not is_foreign(_scope(address, "ws", {proxy[0]: proxy[1]})),
    )


def _scope(address: Address, scheme: str, more: dict[str, str]) -> dict[str, object]:
    """Return a handshake as it reaches the application; ``more`` has names as in ``META``."""
    headers = {"host": address.netloc, "origin": address.origin}
    headers |= {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value for name, value in more.items()
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"scheme": scheme, "headers": encoded, "server": None}


def _orchestrator(pid: int | None) -> Orchestrator:
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        setting = "terminationGracePeriodSeconds"
        return Orchestrator("Kubernetes", None, KUBERNETES, setting)
    if (unit := _unit(pid)) is not None:
        return Orchestrator(f"systemd ({unit})", _timeout_of(unit), 90.0, "TimeoutStopSec")
    if Path("/.dockerenv").exists():
        return Orchestrator("Docker", None, DOCKER, "--stop-timeout")
    return Orchestrator(None)


def _unit(pid: int | None) -> str | None:
    """Return the systemd unit that a process belongs to."""
    try:
        found = UNIT.search(Path(f"/proc/{pid or 'self'}/cgroup").read_text())
    except OSError:
        return None
    return None if found is None or found[1].startswith("user@") else found[1]


def _timeout_of(unit: str) -> float | None:
    command = ["systemctl", "show", unit, "--property=TimeoutStopUSec", "--value"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SYSTEMCTL_WITHIN, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return seconds_of(done.stdout.strip())


def seconds_of(text: str) -> float | None:
    """Return the seconds of a time span of systemd, such as ``1min 30s``; None: without end."""
    units = {"h": 3600.0, "min": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
    parts = re.findall(r"([\d.]+)(h|min|s|ms|us)\b", text)
    return sum(float(number) * units[unit] for number, unit in parts) if parts else None
