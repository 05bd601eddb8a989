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

THREADS = 4
"""Threads of a pool."""

LINGER = 0.1
"""Seconds that a thread waits for more to do, before it closes the connections that are old.

With Django's default, ``CONN_MAX_AGE = 0``, each of thousands who come back at once would have a
connection of its own.
"""

KEEP = 1.0
"""Seconds for which a thread that always has more to do keeps an old connection."""

Function = TypeVar("Function", bound=Callable[..., Any])


def in_place(function: Function) -> Function:
    """Mark a sync function that waits for nothing: ``call`` needs no thread for it."""
    function.is_in_place = function  # type: ignore[attr-defined]
    return function


def _is_in_place(function: Any) -> bool:
    """A decorator copies the mark to its wrapper, which may wait."""
    return getattr(function, "is_in_place", None) is getattr(function, "__func__", function)


async def call(function: Callable[..., Any], *args: Any) -> Any:
    """Await an async ``function``, or run a sync one in a thread; returns what it returns."""
    return await _call(_ours, function, args)


async def call_application(function: Callable[..., Any], *args: Any) -> Any:
    """Do what ``call`` does for a function that may sleep, without making others wait."""
    return await _call(_application, function, args)


async def _call(pool: Pool, function: Callable[..., Any], args: Any) -> Any:
    if _is_in_place(function):
        return function(*args)
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    result = await pool.run(function, args)
    # An async function behind a plain decorator looks like a sync one.
    return await result if inspect.isawaitable(result) else result


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
        """Run jobs until none comes any more."""
        keep_until = 0.0
        while job := self._next():
            anew = time.monotonic() > keep_until
            if anew:
                keep_until = time.monotonic() + KEEP
            if not job.run(anew=anew):
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
    """A function to call, and who waits for what it returns."""

    function: Callable[..., Any]
    args: Any
    future: asyncio.Future[Any]

    def run(self, *, anew: bool) -> bool:
        """Run it if someone still waits, ``anew`` without old connections; False if it failed."""
        if self.future.cancelled():
            return True
        result = error = None
        try:
            if anew:
                close_old_connections()
            reset_queries()  # With DEBUG, a connection remembers its last 9,000.
            result = self.function(*self.args)
        except BaseException as raised:  # Handed to the one who waits.
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


_ours = Pool("realtime")
_application = Pool("realtime-receive")
