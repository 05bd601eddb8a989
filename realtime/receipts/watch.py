"""Looks for overdue deadlines in each server process, in a thread of its own.

The thread keeps its connection to the database: one that is made for each look costs both sides a
hundred times as much as the look. A database that hangs would keep the thread, which Python can't
end, so a second thread sees to it that looks come back.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connections, reset_queries

from realtime.eventlog import event_log
from realtime.logs import get_logger
from realtime.receipts.deadlines import database
from realtime.receipts.handing_on import hand_on_one, has_overdue
from realtime.receipts.pruning import prune

__all__ = ["start"]

logger = get_logger(__name__)

LOOK_EVERY = 0.5
"""Seconds between two looks, give or take a fifth, since all processes look."""

PRUNE_EVERY = 60.0
"""Seconds between two prunings by one process."""

MAX_PAUSE = 5.0
"""Seconds until the next look, at most, while looks fail."""

LOOK_WITHIN = 15.0
"""Seconds that a look may take, with the functions that it calls, until another thread looks."""

GUARD_EVERY = 5.0
"""Seconds between two checks of that."""

MAX_STUCK = 3
"""Threads that may be stuck; while so many are, no other one begins."""


class Guard:
    """Begins to look in a thread, and in another one where a look does not come back.

    A function that hangs keeps its own deadline alone: that row is locked, and others pass it over.
    """

    def __init__(self, begin: Callable[[Watch], None] | None = None) -> None:
        self._begin = begin or _begin
        self._stuck: list[Watch] = []
        self._last: Watch | None = None
        """The one behind as many as may be stuck, once the log says that it is stuck too."""
        self._watch = self._next(Watch())

    def check(self, now: float) -> None:
        """Have another thread look if a look has taken too long at ``now``."""
        self._stuck = [one for one in self._stuck if one.looks_since is not None]
        since = self._watch.looks_since
        if since is None or now - since < LOOK_WITHIN:
            return
        taken = f"a look has taken {now - since:.0f} s"
        if len(self._stuck) >= MAX_STUCK:
            if self._last is not self._watch:
                logger.error(
                    "deadlines not checked reason=%r: nothing looks until one is back", taken
                )
            self._last = self._watch
            return
        logger.error("deadlines not checked reason=%r: another thread looks", taken)
        self._watch.is_replaced = True
        self._stuck.append(self._watch)
        self._watch = self._next(Watch(failures=1))

    def _next(self, watch: Watch) -> Watch:
        self._begin(watch)
        return watch


class Watch:
    """What the thread does that looks; ``failures`` are the looks before it that have failed."""

    def __init__(self, failures: int = 0) -> None:
        self._failures = failures
        self._prune_at = time.monotonic() + random.random() * PRUNE_EVERY
        self.looks_since: float | None = None
        """When the look, or its newest deadline, began that runs now, by the monotonic clock."""
        self.is_replaced = False
        """Whether another thread looks now."""

    def run(self) -> None:
        """Look until the process ends, or until another thread does."""
        while not self.is_replaced:
            time.sleep(self.look())
        connections.close_all()

    def look(self) -> float:
        """Do what is due; returns the seconds until the next look."""
        self.looks_since = time.monotonic()
        try:
            self._look()
        except Exception as error:
            self._failed(error)
        else:
            if self._failures:
                logger.warning("deadlines checked again")
            self._failures = 0
        finally:
            self.looks_since = None
        pause = min(LOOK_EVERY * 2.0 ** min(self._failures, 10), MAX_PAUSE)
        return pause * random.uniform(0.8, 1.2)

    def _look(self) -> None:
        reset_queries()  # With DEBUG, a connection remembers its last 9,000.
        using = database()
        if has_overdue(using):
            while hand_on_one(using) is not None:
                self.looks_since = time.monotonic()  # Many take long, and hang no more than one.
            close_old_connections()  # The functions may have used others.
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY
            prune()

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            logger.error("deadlines not checked reason=%r: trying again until they are", error)
        connections.close_all()


def start() -> None:
    """Begin to look for overdue deadlines in this process, unless it does so already.

    A server process begins with its first socket, and with ``realtime.asgi.application`` when its
    server starts or has its first request. Call this where there are neither, as in a worker.
    """
    global _started_by
    if _started_by != os.getpid():  # A forked child has no thread.
        _started_by = os.getpid()
        threading.Thread(target=keep_looking, name="realtime-deadlines", daemon=True).start()


_started_by: int | None = None


def keep_looking() -> None:
    """Have a thread look until the process ends, if there can be deadlines."""
    if not _has_deadlines():
        return
    guard = Guard()
    while True:
        time.sleep(GUARD_EVERY)
        guard.check(time.monotonic())


def _begin(watch: Watch) -> None:
    threading.Thread(target=watch.run, name="realtime-deadlines-look", daemon=True).start()


def _has_deadlines() -> bool:
    """Tell whether there can be any: with an event log, and in a database of several processes.

    A test calls ``hand_on_overdue`` itself: PostgreSQL drops no database that somebody looks at.
    """
    if event_log() is None or _is_test():
        return False
    connection: Any = connections[database()]
    is_in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    return connection.vendor != "unknown" and not is_in_memory


def _is_test() -> bool:
    """Tell whether Django's test environment is set up here, by what it keeps until its end."""
    state = getattr(sys.modules.get("django.test.utils"), "_TestState", None)
    return hasattr(state, "saved_data")
