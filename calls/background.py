"""What a server of the site does beside requests: loops, each in a thread of its own.

``project/asgi.py`` starts them, once a process. A management command has none.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DatabaseError, close_old_connections, connections

from realtime.logs import get_logger

logger = get_logger(__name__)

Run = Callable[[], float | None]
"""Does what is due; returns in how many seconds it should run again, at the latest."""

MAX_PAUSE = 30.0
"""Seconds after which a loop that fails runs again, at most."""


@dataclass(frozen=True)
class Loop:
    """Runs a function again and again: after ``seconds``, sooner if it says so or is woken."""

    name: str
    seconds: float
    run: Run
    woken: threading.Event = field(default_factory=threading.Event)


loops: dict[str, Loop] = {}
"""The loops by name, of which apps add their own when they are ready."""

_started: set[str] = set()
_starting = threading.Lock()


def add(name: str, seconds: float, run: Run) -> None:
    """Have ``run`` run at least every so many seconds in each server."""
    loops[name] = Loop(name, seconds, run)


def start() -> None:
    """Start all loops that don't run yet, in threads that end with the process."""
    with _starting:
        for loop in loops.values():
            if loop.name not in _started:
                _started.add(loop.name)
                threading.Thread(target=_repeat, args=[loop], name=loop.name, daemon=True).start()


def wake(name: str) -> None:
    """Have a loop run soon, if it runs in this process."""
    if name in _started:
        loops[name].woken.set()


def _repeat(loop: Loop) -> None:
    failures = 0
    while True:
        loop.woken.clear()
        pause, failures = run_once(loop, failures)
        if failures:
            time.sleep(pause)
        else:
            loop.woken.wait(pause)


def run_once(loop: Loop, failures: int = 0) -> tuple[float, int]:
    """Run a loop once that has failed so often before.

    Returns the seconds until the next time, and how often it has failed now. After a failure, the
    thread's connections are closed: one that has broken would go on failing. Otherwise they are
    kept as long as Django keeps those of requests.
    """
    try:
        wanted = loop.run()
        close_old_connections()
    except Exception as error:
        failures += 1
        pause = min(2.0 ** (failures - 1), MAX_PAUSE)
        # A database that is away is no fault of the loop's, and its reason says all.
        trace = None if isinstance(error, DatabaseError) else error
        logger.error(
            "background failed loop=%s again_in=%g reason=%r",
            loop.name,
            pause,
            error,
            exc_info=trace,
        )
        connections.close_all()
        return pause, failures
    return min(loop.seconds, loop.seconds if wanted is None else max(wanted, 0.0)), 0
