"""A program: write and publish step by step, as its input says, and report each outcome.

A line is a command and its arguments; the answer is a line: `done`, or the error's class.
"""

import os
import signal
import sys
from collections.abc import Callable

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.db import close_old_connections, connection, transaction  # noqa: E402

from realtime import publish  # noqa: E402
from realtime.eventlog.database import log  # noqa: E402

atomic = transaction.atomic()


def begin() -> None:
    atomic.__enter__()


def commit() -> None:
    atomic.__exit__(None, None, None)


def reconnect() -> None:
    """Do what Django does between two requests."""
    close_old_connections()


def write(name: str) -> None:
    Group.objects.create(name=name)


def publish_to(streams: str, data: str) -> None:
    publish(streams.split(","), "on.command", data)


def repeat(streams: str, times: str) -> None:
    """Publish with keys that another publisher uses too, at the same time."""
    for number in range(int(times)):
        publish(streams.split(","), "on.command", f"repeated-{number}", key=str(number))


def die_before_numbering() -> None:
    """Have the next publish die after its commit."""
    log.number = lambda *_: os.kill(os.getpid(), signal.SIGKILL)


COMMANDS: dict[str, Callable[..., None]] = {
    "begin": begin,
    "commit": commit,
    "reconnect": reconnect,
    "write": write,
    "publish": publish_to,
    "repeat": repeat,
    "die": die_before_numbering,
}

print(connection.vendor, flush=True)
for line in sys.stdin:
    command, *arguments = line.split()
    try:
        COMMANDS[command](*arguments)
    except Exception as error:
        print(type(error).__name__, flush=True)
    else:
        print("done", flush=True)
