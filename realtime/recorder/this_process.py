"""What the recorder says of its own process."""

from __future__ import annotations

import os
import socket
import sys
import time
from functools import cache
from importlib import metadata
from pathlib import Path

from realtime.concurrency.process import process_id
from realtime.recorder.base import Process

SERVERS = ("uvicorn", "daphne", "hypercorn", "granian", "gunicorn")


def this_process() -> Process:
    """Return this process; a forked child is another one."""
    return _process(process_id())


@cache
def _process(process: str) -> Process:
    return Process(process, socket.gethostname()[:200], os.getpid(), _server(), time.time())


def _server() -> str:
    """Return the name of the command that serves, with its version where that is known."""
    command = Path(sys.argv[0] if sys.argv else "")
    for name in (command.name, command.parent.name):
        if name in SERVERS:
            return f"{name} {metadata.version(name)}"
    return command.name[:80]
