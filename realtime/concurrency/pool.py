"""A few threads for sync functions, which all users share fairly."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import close_old_connections, reset_queries

from realtime.concurrency.fair_queue import FairQueue
from realtime.correlation import carried

THREADS = 4
"""Threads of a pool."""

SHARE = THREADS // 2
"""Threads that one user may occupy, so that there are others for the others."""

LINGER = 0.1
"""Seconds that a thread waits for more to do, before it closes the connections that are old.

With Django's default, ``CONN_MAX_AGE = 0``, each of thousands who come back together would have a
connection of its own.
"""

KEEP = 1.0
"""Seconds for which a thread that always has more to do keeps an old connection."""


class Pool:
    """Runs sync functions on a few threads; each keeps its database connections through a burst.

    A function whose future is cancelled is not begun. One that has begun goes on, and occupies its
    thread until it ends: Python can't stop it.
    """

    def __init__(self, name: str) -> None:
        self.name = name.removeprefix("realtime-")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=name)
        self._changed = threading.Condition()
        self._queue = FairQueue[Job](SHARE)
        self._working = 0

    @property
    def busy(self) -> int:
        """How many threads run something."""
        with self._changed:
            return self._queue.out

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        with self._changed:
            return self._queue.waiting

    def run(
        self,
        user: Hashable,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        *,
        begin_within: float | None = None,
    ) -> asyncio.Future[Any]:
        """Return the future result of ``function`` with ``args``, on behalf of ``user``.

        Its exception is ``TimeoutError`` if no thread was free for ``begin_within`` seconds. Raises
        ``BlockingIOError`` where the system has no more threads.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        job = Job(carried(function), args, future)
        future.add_done_callback(partial(self._settled, user, job))
        if begin_within is not None:
            job.timer = loop.call_later(begin_within, self._give_up, user, job)
        with self._changed:
            self._queue.put(user, job)
            self._changed.notify()
            if self._working >= THREADS:
                return future
            self._working += 1
        try:
            self._threads.submit(self._work)
        except RuntimeError as error:
            with self._changed:
                self._working -= 1
            future.cancel()
            raise OSError(errno.EAGAIN, str(error)) from error
        return future

    def _settled(self, user: Hashable, job: Job, future: asyncio.Future[Any]) -> None:
        if job.timer is not None:
            job.timer.cancel()
        if future.cancelled():
            self._discard(user, job)

    def _give_up(self, user: Hashable, job: Job) -> None:
        if self._discard(user, job):
            job.future.set_exception(TimeoutError("No thread was free in time."))

    def _discard(self, user: Hashable, job: Job) -> bool:
        with self._changed:
            return self._queue.discard(user, job)

    def _work(self) -> None:
        """Run jobs until none comes for ``LINGER`` seconds."""
        keep_until = 0.0
        while taken := self._next():
            user, job = taken
            close_old = time.monotonic() > keep_until
            if close_old:
                keep_until = time.monotonic() + KEEP
            if not job.run(close_old=close_old):
                keep_until = 0.0
            with self._changed:
                self._queue.done(user)
        close_old_connections()

    def _next(self) -> tuple[Hashable, Job] | None:
        with self._changed:
            taken = self._queue.take()
            if taken is None:
                self._changed.wait(LINGER)
                taken = self._queue.take()  # One may have come when this thread had given up.
            if taken is None:
                self._working -= 1
            return taken


@dataclass(slots=True, eq=False)
class Job:
    """A function to call, and the future of its result."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    future: asyncio.Future[Any]
    timer: asyncio.TimerHandle | None = None

    def run(self, *, close_old: bool) -> bool:
        """Run it if someone still waits, and return False if it failed.

        ``close_old`` closes the database connections that are too old first.
        """
        if self.future.cancelled():
            return True
        result = error = None
        try:
            if close_old:
                close_old_connections()
            reset_queries()  # With DEBUG, a connection remembers its last 9,000.
            result = self.function(*self.args)
        except BaseException as raised:  # The future hands it to the caller.
            error = raised
        if isinstance(error, StopIteration):  # A future can't hold it.
            error = RuntimeError("StopIteration was raised")
        with contextlib.suppress(RuntimeError):  # Its event loop may have ended.
            self.future.get_loop().call_soon_threadsafe(self._settle, result, error)
        return error is None

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.cancelled():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)
