"""Looks after database connections that Django does not: those of async code, and broken ones.

Django checks and closes connections around a request, and realtime's threads do it for their own.
``sync_to_async`` and the async ORM use a thread in which nobody does: its connection would stay
open forever, and stay broken after the database was restarted.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync, sync_to_async
from django.apps import apps
from django.db import Error, connections, router

from realtime.concurrency.per_loop import PerLoop
from realtime.logs import get_logger

logger = get_logger(__name__)

LINGER = 0.1
"""Seconds without async code after which the connections that are old are closed."""

KEEP = 1.0
"""Seconds between two checks while there is always some async code."""

Result = TypeVar("Result")


def close_unusable(connection: Any) -> None:
    """Close a connection that an error has left unusable, so that the next statement reconnects.

    Never in a transaction, whose end is the caller's.
    """
    if connection.errors_occurred and _is_at_rest(connection):
        if connection.is_usable():
            connection.errors_occurred = False
        else:
            connection.close()


def close_old(connection: Any) -> None:
    """Close it if it is unusable or older than ``CONN_MAX_AGE``; never in a transaction."""
    if _is_at_rest(connection):
        connection.close_if_unusable_or_obsolete()


def is_of_one_process(model: str) -> bool:
    """Tell whether one process alone has the database of a model: SQLite in memory, as in tests.

    Its threads lock each other's tables there, and no timeout is waited for.
    """
    connection: Any = connections[router.db_for_write(apps.get_model("realtime", model))]
    return bool(connection.vendor == "sqlite" and connection.is_in_memory_db())


def _is_at_rest(connection: Any) -> bool:
    open_now = connection.connection is not None
    return open_now and connection.autocommit and not connection.in_atomic_block


async def run_async(awaitable: Awaitable[Result]) -> Result:
    """Await what may use Django's connections, and look after these; returns what it returns."""
    if sync_code_waits() or SyncToAsync.thread_sensitive_context.get(None) is not None:
        # That thread's connections are its caller's, or its request's, to close.
        return await _healing(awaitable)
    return await _async_connections.current().run(awaitable)


def sync_code_waits() -> bool:
    """Tell whether sync code waits for this code, and ``sync_to_async`` goes back to its thread.

    This asks what ``SyncToAsync.__call__`` asks.
    """
    in_this_task = getattr(AsyncToSync.executors, "current", None) is not None
    return in_this_task or asyncio.get_running_loop() in AsyncToSync.loop_thread_executors


async def _healing(awaitable: Awaitable[Result]) -> Result:
    try:
        return await awaitable
    except Error:
        await _ask_thread(close_unusable)
        raise


async def _ask_thread(close: Callable[[Any], None]) -> None:
    """Have the thread of async database calls do this before all that it is asked later.

    It is not waited for: the sync code of others may keep that thread busy.
    """
    _start_closing(close)
    await asyncio.sleep(0)  # The task asks the thread now.


def _start_closing(close: Callable[[Any], None]) -> None:
    closing = asyncio.ensure_future(sync_to_async(_close_with)(close))
    _closing.add(closing)
    closing.add_done_callback(_closed)


def _closed(closing: asyncio.Future[None]) -> None:
    """Log a failure: nobody waits for it, and the next statement of that connection tells."""
    _closing.discard(closing)
    if not closing.cancelled() and (error := closing.exception()) is not None:
        logger.warning("connections not closed error=%r", error)


def _close_with(close: Callable[[Any], None]) -> None:
    for connection in connections.all(initialized_only=True):
        close(connection)


_closing: set[asyncio.Future[None]] = set()
"""Tasks that the event loop knows only weakly."""


class AsyncConnections:
    """The connections of one event loop's async code."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running = 0
        self._check_at = self._loop.time()
        self._rest_at = self._check_at
        self._rest_timer: asyncio.TimerHandle | None = None

    async def run(self, awaitable: Awaitable[Result]) -> Result:
        """Await it; connections are checked before and after, if not just now."""
        try:
            await self._check()
        except asyncio.CancelledError:
            if inspect.iscoroutine(awaitable):
                awaitable.close()  # Python warns of one that nobody awaits.
            raise
        self._running += 1
        try:
            return await _healing(awaitable)
        finally:
            self._running -= 1
            self._rest_at = self._loop.time() + LINGER
            if self._rest_timer is None:
                self._rest_timer = self._loop.call_at(self._rest_at, self._rest)

    async def _check(self) -> None:
        """An old connection is closed only where no other code can be in the middle of a query."""
        if self._loop.time() >= self._check_at:
            self._check_at = self._loop.time() + KEEP
            await _ask_thread(close_unusable if self._running else close_old)

    def _rest(self) -> None:
        self._rest_timer = None
        if self._running:
            return  # Its end begins another rest.
        if self._loop.time() < self._rest_at:
            self._rest_timer = self._loop.call_at(self._rest_at, self._rest)
        else:
            _start_closing(close_old)


_async_connections = PerLoop(AsyncConnections)
