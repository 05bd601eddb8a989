"""What an examination finds: a sentence, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Id = Literal[
    "dns",
    "tcp",
    "tls",
    "http2",
    "handshake",
    "origin",
    "foreign-origin",
    "subprotocol",
    "compression",
    "anonymous",
    "welcome",
    "latency",
    "buffering",
    "largest-frame",
    "idle",
    "drain",
    "module-files",
    "system-checks",
    "public-address",
    "session-cookie",
    "layer",
    "event-log",
    "redis",
    "redis-latency",
    "redis-memory",
    "redis-pubsub",
    "redis-buffers",
    "database",
    "migrations",
    "isolation",
    "pooler",
    "clock",
    "time-zone",
    "replica",
    "server",
    "workers",
    "modules",
    "grace",
]
"""What is examined; each has a section in docs/doctor.md."""


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One finding; ``id`` is also its anchor in docs/doctor.md.

    ``why`` it matters and what to ``do`` are empty where all is well.
    """

    id: Id
    level: Level
    what: str
    why: str = ""
    do: str = ""


Findings = list[Finding]


def ok(id: Id, what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(id, Level.OK, what)


def warning(id: Id, what: str, *, why: str, do: str) -> Finding:
    """Return a finding that will hurt sooner or later."""
    return Finding(id, Level.WARNING, what, why, do)


def error(id: Id, what: str, *, why: str, do: str) -> Finding:
    """Return a finding that hurts users now."""
    return Finding(id, Level.ERROR, what, why, do)


def skipped(id: Id, reason: str) -> Finding:
    """Return a finding that nothing was found out, and why not."""
    return Finding(id, Level.SKIPPED, reason)


def skipped_all(ids: Sequence[Id], reason: str) -> Findings:
    """Return that of each of several findings."""
    return [skipped(id, reason) for id in ids]


def exit_code(findings: Findings, fail_on: Level) -> int:
    """Return 1 if a finding is as bad as ``fail_on`` (a warning or an error) or worse, else 0."""
    bad = {Level.ERROR, fail_on}
    return int(any(each.level in bad for each in findings))
