"""Small thread pools for realtime's own sync work.

Channels runs all sync code of a process on one thread, where one consumer that sleeps delays
another user's handshake (7.8 s measured, and Daphne gives up at 5 s). So messages for the
application, which may take their time, have threads of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from django.db import close_old_connections, reset_queries

from realtime.concurrency.connections import run_async

THREADS = 4
"""Threads of a pool."""

LINGER = 0.1
"""Seconds that a thread waits for more to do, before it closes the connections that are old.

With Django's default, ``CONN_MAX_AGE = 0``, each of thousands who come back together would have a
connection of its own.
"""

KEEP = 1.0
"""Seconds for which a thread that always has more to do keeps an old connection."""

Function = TypeVar("Function", bound=Callable[..., Any])


def nonblocking(function: Function) -> Function:
    """Mark a sync function that waits for nothing: ``run_sync`` needs no thread for it."""
    function.nonblocking = function  # type: ignore[attr-defined]
    return function


def _is_nonblocking(function: Any) -> bool:
    """A decorator copies the mark to its wrapper, which may wait."""
    return getattr(function, "nonblocking", None) is getattr(function, "__func__", function)


async def run_sync(function: Callable[..., Any], *args: Any) -> Any:
    """Run a sync ``function`` in a thread, or await an async one; returns what it returns."""
    return await _run(_pool, function, args)


async def run_application(function: Callable[..., Any], *args: Any) -> Any:
    """Do what ``run_sync`` does for a function that may sleep, without making others wait."""
    return await _run(_application_pool, function, args)


async def _run(pool: Pool, function: Callable[..., Any], args: Any) -> Any:
    if _is_nonblocking(function):
        return function(*args)
    if inspect.iscoroutinefunction(function):
        return await run_async(function(*args))
    result = await pool.run(function, args)
    # An async function behind a plain decorator looks like a sync one.
    return await run_async(result) if inspect.isawaitable(result) else result


class Pool:
    """Runs sync functions on a few threads; each keeps its database connections through a burst."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._working = 0

    def run(self, function: Callable[..., Any], args: Any) -> asyncio.Future[Any]:
        """Return the future result of ``function`` with ``args``."""
        future = asyncio.get_running_loop().create_future()
        with self._lock:
            self._jobs.put(Job(function, args, future))
            if self._working >= THREADS:
                return future
            self._working += 1
        try:
            self._threads.submit(self._work)
        except RuntimeError:  # The system has no more threads.
            with self._lock:
                self._working -= 1
            future.cancel()
            raise
        return future

    def _work(self) -> None:
        """Run jobs until none comes for ``LINGER`` seconds."""
        keep_until = 0.0
        while job := self._next():
            close_old = time.monotonic() > keep_until
            if close_old:
                keep_until = time.monotonic() + KEEP
            if not job.run(close_old=close_old):
                keep_until = 0.0
        close_old_connections()

    def _next(self) -> Job | None:
        with contextlib.suppress(Empty):
            return self._jobs.get(timeout=LINGER)
        with self._lock, contextlib.suppress(Empty):
            self._working -= 1
            job = self._jobs.get_nowait()  # It came when this thread had given up waiting.
            self._working += 1
            return job
        return None


@dataclass(slots=True)
class Job:
    """A function to call, and the future of its result."""

    function: Callable[..., Any]
    args: Any
    future: asyncio.Future[Any]

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


_pool = Pool("realtime")
_application_pool = Pool("realtime-receive")
