"""Looks for overdue deadlines in each server process, in a thread of its own.

The thread keeps its connection to the database: one that is made for each look costs both sides a
hundred times as much as the look.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from typing import Any

from django.db import close_old_connections, connections, reset_queries

from realtime.eventlog import event_log
from realtime.logs import get_logger
from realtime.receipts.deadlines import database
from realtime.receipts.handing_on import hand_on_overdue, has_overdue
from realtime.receipts.pruning import prune

__all__ = ["start"]

logger = get_logger(__name__)

LOOK_EVERY = 0.5
"""Seconds between two looks, give or take a fifth, since all processes look."""

PRUNE_EVERY = 60.0
"""Seconds between two prunings by one process."""

MAX_PAUSE = 5.0
"""Seconds until the next look, at most, while looks fail."""


class Watch:
    """What the thread of one process does."""

    def __init__(self) -> None:
        self._failures = 0
        self._prune_at = time.monotonic() + random.random() * PRUNE_EVERY

    def run(self) -> None:
        """Look until the process ends."""
        if not _has_deadlines():
            return
        while True:
            time.sleep(self.look())

    def look(self) -> float:
        """Do what is due; returns the seconds until the next look."""
        try:
            self._look()
        except Exception as error:
            self._failed(error)
        else:
            if self._failures:
                logger.warning("deadlines checked again")
            self._failures = 0
        pause = min(LOOK_EVERY * 2.0 ** min(self._failures, 10), MAX_PAUSE)
        return pause * random.uniform(0.8, 1.2)

    def _look(self) -> None:
        reset_queries()  # With DEBUG, a connection remembers its last 9,000.
        if has_overdue(database()):
            hand_on_overdue()
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

    A server process begins with its first socket. Call this where a process may have none: in
    ``asgi.py``, or in a worker.
    """
    global _started_by
    if _started_by != os.getpid():  # A forked child has no thread.
        _started_by = os.getpid()
        threading.Thread(target=Watch().run, name="realtime-deadlines", daemon=True).start()


_started_by: int | None = None


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
