"""Looks after the log: compares the feeds with it, numbers what was left, prunes what is old.

Each check asks the log what has moved since the last one, so its cost follows the events. What
changed without a trace there is found as all feeds are compared in turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from realtime.concurrency.process import process_id
from realtime.concurrency.threads import run_sync
from realtime.conf import realtime_settings
from realtime.eventlog import EventLog
from realtime.eventlog.retention import default_retention, own_retentions
from realtime.fanout.feed import Feed
from realtime.fanout.turns import Turns
from realtime.layer.broadcast import abroadcast
from realtime.layer.messages import logged_messages
from realtime.logs import get_logger
from realtime.protocol.position import Position

logger = get_logger(__name__)

PRUNE_EVERY = 60.0
"""Seconds between two prunings of the log, and between two attempts of a process at one."""

BATCH_SIZE = 1000
"""Streams whose positions are read together."""

ALL_WITHIN = 300.0
"""Seconds in which every feed is compared with the log, a part of them at each check."""

KEPT_FOR = 3600.0
"""Seconds for which events must be kept, or one may be pruned before a check sees its stream."""


class Feeds(Protocol):
    """What a watch needs of the hub."""

    def followed(self) -> list[str]:
        """Return the names of the streams that are followed."""

    def feed(self, stream: str) -> Feed | None:
        """Return the feed of a stream, None for one that is not followed."""


class LogWatch:
    """Checks the feeds every ``POSITION_CHECK`` seconds.

    The streams in ``to_compare`` are compared by the next check, which removes them there.
    """

    def __init__(self, log: EventLog, feeds: Feeds, to_compare: set[str]) -> None:
        self._log = log
        self._feeds = feeds
        self._to_compare = to_compare
        self._cursor: str | None = None
        """Up to where the last check saw the log; None where the next one has to compare all."""
        self._all_due = False
        self._turns = Turns(ALL_WITHIN)
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
        """Compare every feed with the log, without waiting for the next check."""
        self._all_due = True
        self._is_due.set()

    async def check(self) -> None:
        """Compare every open feed with the log."""
        await self._compare_all()

    async def _check_moved(self) -> None:
        """Compare the feeds of what has moved; all of them where the log does not know."""
        cursor = None if self._all_due else self._cursor
        self._cursor, self._all_due = None, False  # What fails is followed by all.
        to_compare = set(self._to_compare)
        self._to_compare.clear()
        limit = max(BATCH_SIZE, self._turns.count)
        moved = await run_sync(self._log.moved, cursor, limit)
        if moved.positions is None or _shortest_age() < KEPT_FOR:
            await self._compare_all()
        else:
            await self._take(moved.positions, to_compare)
        self._cursor = moved.cursor

    async def _take(self, moved: Mapping[str, Position], to_compare: set[str]) -> None:
        """Take the positions that were found; where one is not clearly newer, ask for it."""
        unclear = to_compare - moved.keys()
        for count, (name, found) in enumerate(moved.items(), 1):
            feed = self._open_feed(name)
            if feed is not None:
                at = feed.position
                if found.epoch == at.epoch and found.offset >= at.offset:
                    await feed.check(at, found)
                else:
                    unclear.add(name)
            if count % BATCH_SIZE == 0:
                await asyncio.sleep(0)
        in_turn = self._turns.due(asyncio.get_running_loop().time(), self._feeds.followed)
        await self._compare([*unclear, *in_turn])

    async def _compare_all(self) -> None:
        names = self._feeds.followed()
        began = asyncio.get_running_loop().time()
        await self._compare(names)
        self._turns.begin(names, began)

    async def _compare(self, names: Sequence[str]) -> None:
        open_ones = [name for name in names if self._open_feed(name) is not None]
        for start in range(0, len(open_ones), BATCH_SIZE):
            await self._compare_batch(open_ones[start : start + BATCH_SIZE])

    async def _compare_batch(self, names: Iterable[str]) -> None:
        feeds = ((name, self._open_feed(name)) for name in names)
        before = {name: feed.position for name, feed in feeds if feed is not None}
        found = await run_sync(self._log.positions, list(before))
        for name, position in before.items():
            feed = self._open_feed(name)
            if feed is not None:
                await feed.check(position, found[name])

    def _open_feed(self, name: str) -> Feed | None:
        feed = self._feeds.feed(name)
        return feed if feed is not None and feed.is_open else None

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
                await self._check_moved()
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
                await run_sync(self._log.prune_in_turn, process_id(), PRUNE_EVERY)
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


def _shortest_age() -> float:
    return min(kept.max_age for kept in (default_retention(), *own_retentions().values()))
