"""Reads from the servers' logs when they ended a right, could not ask for it, or had no Redis."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.faults.rights_records import Logged, Logs, Span

ENDED = re.compile(
    r"^(?P<at>\S+ \S+) INFO realtime\S* "
    r"(?:right ended socket=(?P<of>\w+) stream=(?P<stream>\S+) reason="
    r"|closed socket=(?P<socket>\w+) code=(?:4406|4504|4506) )",
    re.M,
)
UNCHECKED = re.compile(
    r"^(?P<at>\S+ \S+) ERROR realtime\S* "
    r"right not checked socket=(?P<of>\w+) stream=(?P<stream>\S+) (?P<socket>)",
    re.M,
)
LINKED = re.compile(
    r"^(?P<at>\S+ \S+) WARNING realtime\S* channel layer up again after=(?P<after>[\d.]+)s", re.M
)


def read_logs_of(servers: Sequence[str]) -> Logs:
    """Return what their logs say."""
    return Logs(
        [one for log in servers for one in _found(ENDED, log)],
        [one for log in servers for one in _found(UNCHECKED, log)],
        [one for log in servers for one in _unlinked(log)],
    )


def _found(line: re.Pattern[str], log: str) -> Iterator[Logged]:
    for found in line.finditer(log):
        yield Logged(_time(found), found["of"] or found["socket"], found["stream"])


def _unlinked(log: str) -> Iterator[Span]:
    for found in LINKED.finditer(log):
        yield Span(_time(found) - float(found["after"]), _time(found))


def _time(found: re.Match[str]) -> float:
    return datetime.strptime(found["at"], "%Y-%m-%d %H:%M:%S,%f").timestamp()
