"""Looks after the log: compares the feeds with it, numbers what was left, prunes what is old."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping

from realtime.concurrency.threads import run_sync
from realtime.conf import realtime_settings
from realtime.eventlog import EventLog
from realtime.fanout.feed import Feed
from realtime.layer.broadcast import abroadcast
from realtime.layer.messages import logged_messages
from realtime.logs import get_logger

logger = get_logger(__name__)

PRUNE_EVERY = 60.0
"""Seconds between two prunings of the log by one process."""

BATCH_SIZE = 1000
"""Streams whose positions are read together."""


class LogWatch:
    """Checks the feeds that ``feeds()`` returns by name, every ``POSITION_CHECK`` seconds."""

    def __init__(self, log: EventLog, feeds: Callable[[], Mapping[str, Feed]]) -> None:
        self._log = log
        self._feeds = feeds
        self._is_due = asyncio.Event()
        self._log_is_down: bool | None = None
        self._tasks = [
            asyncio.create_task(self._check_forever(), name="realtime-checks"),
            asyncio.create_task(self._prune_forever(), name="realtime-prune"),
        ]

    @property
    def is_up(self) -> bool | None:
        """Whether the log has answered the last check; None before the first one."""
        return None if self._log_is_down is None else not self._log_is_down

    def check_soon(self) -> None:
        """Check without waiting for the next time."""
        self._is_due.set()

    async def check(self) -> None:
        """Compare every open feed with the log."""
        names = [name for name, feed in self._feeds().items() if feed.is_open]
        for start in range(0, len(names), BATCH_SIZE):
            await self._check_batch(names[start : start + BATCH_SIZE])

    async def _check_batch(self, names: list[str]) -> None:
        feeds = self._feeds()
        before = {name: feeds[name].position for name in names if name in feeds}
        found = await run_sync(self._log.positions, list(before))
        for name, position in before.items():
            feed = self._feeds().get(name)
            if feed is not None:
                await feed.check(position, found[name])

    async def _number_pending(self) -> None:
        """Number and broadcast what a publisher that died has left without an offset."""
        while pending := await run_sync(self._log.number_pending):
            logger.info("numbered for another publisher events=%d", len(pending))
            await abroadcast(logged_messages(pending))

    async def _check_forever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(realtime_settings().POSITION_CHECK):
                    await self._is_due.wait()
            self._is_due.clear()
            try:
                await self.check()
                await self._number_pending()
            except Exception as error:
                self._log_down(error)
            else:
                self._log_up()

    async def _prune_forever(self) -> None:
        """Apart from the checks, which must not wait for a long pruning."""
        await asyncio.sleep(random.random() * PRUNE_EVERY)
        while True:
            try:
                await run_sync(self._log.prune)
            except Exception as error:
                logger.error("pruning failed error=%r", error)
            await asyncio.sleep(PRUNE_EVERY)

    def _log_down(self, error: Exception) -> None:
        if not self._log_is_down:
            self._log_is_down = True
            logger.error("event log down reason=%r: trying again until it answers", error)

    def _log_up(self) -> None:
        if self._log_is_down:
            logger.warning("event log up again")
        self._log_is_down = False
