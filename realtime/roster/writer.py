"""Writes what has changed in a process, all of a moment together; each write renews the lease."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Iterable

from realtime.concurrency.threads import run_sync
from realtime.conf import realtime_settings
from realtime.logs import get_logger
from realtime.roster.base import PresenceBackend
from realtime.roster.difference import Changes, Difference

logger = get_logger(__name__)

BATCH = 0.1
"""Seconds in which changes are collected before they are written together."""

RENEW_EVERY = 5.0
"""Seconds between two renewals of the lease."""

LEASE = 15.0
"""Seconds that a lease is good for: two renewals may fail."""

RETRY = 1.0
"""Seconds until a write that failed is tried again."""


class Writer:
    """Keeps a backend informed of ``members``, in a task of its own.

    ``on_written`` is awaited after each write, and ``on_failure`` called after one that failed.
    """

    def __init__(
        self,
        backend: PresenceBackend,
        members: Difference,
        *,
        on_written: Callable[[Changes], Awaitable[None]],
        on_failure: Callable[[], None],
    ) -> None:
        self._process = uuid.uuid4().hex
        self._backend = backend
        self._members = members
        self._on_written = on_written
        self._on_failure = on_failure
        self._is_due = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._is_writing = False
        self._is_failing = False
        self._task = asyncio.create_task(self._run(), name="realtime-presence")

    def soon(self) -> None:
        """Write within ``BATCH`` seconds."""
        self._is_due.set()

    async def written(self) -> None:
        """Wait until all is written that has changed before this was called."""
        if self._members or self._is_writing:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            self.soon()
            await future

    async def _run(self) -> None:
        while True:
            await self._wait()
            changes = self._members.take()
            waiting, self._waiting = self._waiting, []
            self._is_writing = True
            try:
                is_written = await self._write(changes)
            except Exception as error:
                self._waiting += waiting
                self._failed(changes, error)
                await asyncio.sleep(RETRY)
                continue
            finally:
                self._is_writing = False
            self._log_up()
            if is_written:
                _wake(waiting)
                await self._report(changes)
            else:
                logger.warning("presence lease lost process=%s: writing all again", self._process)
                self._waiting += waiting
                self._members.replace()

    async def _wait(self) -> None:
        """Wait for something to write, and a moment for more of it, or for the lease's time."""
        if not self._members:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW_EVERY):
                    await self._is_due.wait()
        if self._members:
            await asyncio.sleep(BATCH)
        self._is_due.clear()

    async def _write(self, changes: Changes) -> bool:
        process, (joins, leaves, replaces) = self._process, changes
        if replaces:
            grace = realtime_settings().OFFLINE_AFTER
            await run_sync(self._backend.replace, process, LEASE, joins, grace)
            return True
        return bool(await run_sync(self._backend.write, process, LEASE, joins, leaves))

    async def _report(self, changes: Changes) -> None:
        """Say what was written; a failure there must not end the writes."""
        try:
            await self._on_written(changes)
        except Exception as error:
            logger.error("presence written, and then failed reason=%r", error)

    def _failed(self, changes: Changes, error: Exception) -> None:
        self._members.give_back(changes)
        self._on_failure()
        if not self._is_failing:
            self._is_failing = True
            logger.error("presence down reason=%r: trying again until it is written", error)

    def _log_up(self) -> None:
        if self._is_failing:
            self._is_failing = False
            logger.warning("presence up again")


def _wake(waiting: Iterable[asyncio.Future[None]]) -> None:
    for future in waiting:
        if not future.done():  # Its caller may have given up.
            future.set_result(None)
