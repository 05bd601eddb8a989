"""Checks of rights that are due, of all sockets of an event loop: few at a time, fair by user."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Protocol

from realtime.concurrency.fair_queue import FairQueue
from realtime.concurrency.per_loop import PerLoop

MAX_CHECKS = 8
"""Checks at a time: those who subscribe need the same threads and the same database."""

SHARE = MAX_CHECKS // 4
"""Checks of one user at a time."""

TURN = 4
"""Of so many checks, one is of those whose time has come, however many urgent ones wait."""

PAUSE = 0.1
"""Seconds after a check that failed: a database that is away is not asked without a pause."""


class Check(Hashable, Protocol):
    """A right that can be asked for."""

    @property
    def user(self) -> Hashable:
        """Whose right it is."""

    async def check(self) -> bool:
        """Ask for the right, and act on the answer; returns False where there was none."""


class CheckQueue:
    """Carries out the checks that are added.

    Those that are urgent go before those whose time has come, but for one of ``TURN``.
    """

    def __init__(self) -> None:
        self._urgent = FairQueue[Check](SHARE)
        self._in_time = FairQueue[Check](SHARE)
        self._taken = 0
        self._workers: set[asyncio.Task[None]] = set()

    def add(self, check: Check, *, urgent: bool) -> None:
        """Carry out a check when its turn comes; one that waits already may be moved up so."""
        if urgent:
            self._in_time.discard(check.user, check)
        (self._urgent if urgent else self._in_time).put(check.user, check)
        if len(self._workers) < MAX_CHECKS:
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    def discard(self, check: Check) -> None:
        """Don't carry it out; harmless for one that doesn't wait."""
        for queue in (self._urgent, self._in_time):
            queue.discard(check.user, check)

    async def _work(self) -> None:
        """Carry out checks until none may begin; who ends one of a user takes that user's next."""
        while taken := self._take():
            queue, user, check = taken
            try:
                if not await check.check():
                    await asyncio.sleep(PAUSE)
            finally:
                queue.done(user)

    def _take(self) -> tuple[FairQueue[Check], Hashable, Check] | None:
        queues = [self._urgent, self._in_time]
        if self._taken % TURN == TURN - 1:
            queues.reverse()
        for queue in queues:
            if taken := queue.take():
                self._taken += 1
                return queue, *taken
        return None


_check_queue = PerLoop(CheckQueue)


def check_queue() -> CheckQueue:
    """Return the queue of the running event loop."""
    return _check_queue.current()
