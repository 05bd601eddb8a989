"""Sweeps and announces: soon after this process has written, and every few seconds for others."""

from __future__ import annotations

import asyncio
import contextlib
import random

from realtime.concurrency.threads import run_application, run_sync
from realtime.conf import realtime_settings
from realtime.logs import get_logger
from realtime.roster.announcing import announce_pending, announces_users
from realtime.roster.base import PresenceBackend, Swept

logger = get_logger(__name__)

SWEEP_EVERY = 5.0
"""Seconds between two sweeps, at most; with jitter, since all processes do it."""

PATIENCE = 5.0
"""Seconds without a sweep after the backend was away: its other users renew their leases first."""


class Sweeper:
    """Has a backend do what is due, in a task of its own.

    Receivers run in another one: however long they take, the sweeps go on.
    """

    def __init__(self, backend: PresenceBackend) -> None:
        self._loop = asyncio.get_running_loop()
        self._backend = backend
        self._is_due = asyncio.Event()
        self._has_notices = asyncio.Event()
        self._not_before = 0.0
        self._tasks = [
            asyncio.create_task(self._sweep_forever(), name="realtime-sweeps"),
            asyncio.create_task(self._announce_forever(), name="realtime-announcements"),
        ]

    def soon(self) -> None:
        """Sweep without waiting for the next time."""
        self._is_due.set()

    def hold(self) -> None:
        """Wait: the backend is away, and nobody could renew a lease."""
        self._not_before = self._loop.time() + PATIENCE

    async def _sweep_forever(self) -> None:
        wait = SWEEP_EVERY
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._is_due.wait()
            self._is_due.clear()
            if (patience := self._not_before - self._loop.time()) > 0:
                wait = patience
                continue
            try:
                swept = await self._sweep()
            except Exception as error:
                logger.error("presence not swept reason=%r", error)
                self.hold()
            else:
                wait = _until_next(swept)
                if swept.has_notices:
                    self._has_notices.set()

    async def _sweep(self) -> Swept:
        grace = realtime_settings().OFFLINE_AFTER
        swept: Swept = await run_sync(self._backend.sweep, grace, announces_users())
        return swept

    async def _announce_forever(self) -> None:
        """In a thread of applications, since their receivers run there."""
        while True:
            await self._has_notices.wait()
            self._has_notices.clear()
            try:
                await run_application("realtime.roster", announce_pending, self._backend)
            except Exception as error:
                logger.error("presence not announced reason=%r", error)


def _until_next(swept: Swept) -> float:
    regular = SWEEP_EVERY * random.uniform(0.5, 1.0)
    return regular if swept.next_due is None else min(regular, swept.next_due + 0.05)
