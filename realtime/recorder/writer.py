"""Writes lives in batches, soon after they begin and when they are over, and keeps the lease."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from typing import NamedTuple

from realtime.concurrency.threads import run_sync
from realtime.logs import get_logger
from realtime.recorder.base import Life, RecorderBackend
from realtime.recorder.open_life import OpenLife
from realtime.recorder.this_process import this_process

logger = get_logger(__name__)

SETTLE = 2.0
"""Seconds from the beginning of a life to its first write: it subscribes to its streams first."""

BATCH = 1.0
"""Seconds in which lives that are over are collected."""

MAX_BATCH = 200
"""Lives in one write."""

RENEW_EVERY = 5.0
"""Seconds between two renewals of the lease."""

LEASE = 15.0
"""Seconds that a lease is good for: two renewals may fail."""

RETRY = 1.0
"""Seconds until a write that failed is tried again."""

MAX_WAITING = 10_000
"""Lives that are over and wait for a backend which is away; the oldest are dropped."""


class Batch(NamedTuple):
    """What is written together."""

    opened: list[OpenLife]
    parts: list[Life]
    over: list[Life]


class Writer:
    """Keeps a backend informed, in a task of its own; nobody waits for it but ``stop``."""

    def __init__(self, backend: RecorderBackend) -> None:
        self._loop = asyncio.get_running_loop()
        self._backend = backend
        self._opened: deque[OpenLife] = deque()
        self._parts: deque[Life] = deque()
        self._over: deque[Life] = deque()
        self._dropped = 0
        self._renew_at = 0.0
        self._is_failing = False
        self._must_stop = asyncio.Event()
        self._has_stopped = self._loop.create_future()
        self._task = asyncio.create_task(self._run(), name="realtime-recorder")

    def opened(self, life: OpenLife) -> None:
        """Write a life when it has had time to subscribe, unless it is over before."""
        self._opened.append(life)

    def left(self, part: Life) -> None:
        """Write what a life that goes on has left."""
        self._parts.append(part)
        self._limit(self._parts)

    def ended(self, life: Life) -> None:
        """Write a life that is over."""
        self._over.append(life)
        self._limit(self._over)

    async def stop(self) -> None:
        """Write all that waits without further delay, and that this process ends."""
        self._must_stop.set()
        await asyncio.shield(self._has_stopped)

    async def _run(self) -> None:
        while not (self._must_stop.is_set() and self._is_written):
            if not self._must_stop.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BATCH):
                        await self._must_stop.wait()
            while (batch := self._next_batch()) is not None:
                if not await self._write(batch):
                    await asyncio.sleep(RETRY)
                    break
        await run_sync(self._backend.stop, this_process().id)
        self._has_stopped.set_result(None)

    @property
    def _is_written(self) -> bool:
        return not (self._opened or self._parts or self._over)

    def _next_batch(self) -> Batch | None:
        """Return what is due, None where that is nothing."""
        now = self._loop.time()
        batch = Batch(self._due(now), _first(self._parts), _first(self._over))
        return batch if any(batch) or now >= self._renew_at else None

    def _due(self, now: float) -> list[OpenLife]:
        settled = math.inf if self._must_stop.is_set() else now - SETTLE
        due: list[OpenLife] = []
        while self._opened and len(due) < MAX_BATCH and self._opened[0].opened_at <= settled:
            life = self._opened.popleft()
            if not life.has_ended:
                due.append(life)
        return due

    async def _write(self, batch: Batch) -> bool:
        now = self._loop.time()
        opened = [life.as_life(now) for life in batch.opened if not life.has_ended]
        about = LEASE, opened + batch.parts, batch.over
        try:
            await run_sync(self._backend.write, this_process(), *about)
        except Exception as error:
            self._failed(batch, error)
            return False
        self._renew_at = now + RENEW_EVERY
        if self._is_failing:
            logger.warning("recorder up again dropped=%d", self._dropped)
            self._is_failing, self._dropped = False, 0
        return True

    def _failed(self, batch: Batch, error: Exception) -> None:
        self._opened.extendleft(reversed(batch.opened))
        self._parts.extendleft(reversed(batch.parts))
        self._over.extendleft(reversed(batch.over))
        self._limit(self._parts)
        self._limit(self._over)
        if not self._is_failing:
            self._is_failing = True
            logger.error("recorder down reason=%r: trying again until it is written", error)

    def _limit(self, lives: deque[Life]) -> None:
        while len(lives) > MAX_WAITING:
            lives.popleft()
            self._dropped += 1


def _first(lives: deque[Life]) -> list[Life]:
    return [lives.popleft() for _ in range(min(MAX_BATCH, len(lives)))]
