"""Writes lives in batches, soon after they begin and when they are over, and keeps the lease."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from typing import NamedTuple

from realtime.concurrency.threads import run_record
from realtime.logs import get_logger
from realtime.recorder.base import Life, RecorderBackend
from realtime.recorder.open_life import OpenLife
from realtime.recorder.this_process import this_process

logger = get_logger(__name__)

WRITE_EVERY = 5.0
"""Seconds between two writes, each of which renews the lease."""

SETTLE = 2.0
"""Seconds from the beginning of a life to its first write: it subscribes to its streams first."""

MAX_BATCH = 500
"""Lives in one write; when there are more, others follow."""

LEASE = 15.0
"""Seconds that a lease is good for: two renewals may fail."""

RETRY = 0.2
"""Seconds until a last write that failed is tried again."""

MAX_WAITING = 10_000
"""Lives that are over and wait for a backend which is away; the oldest are dropped."""


class Batch(NamedTuple):
    """What is written together."""

    opened: list[OpenLife]
    parts: list[Life]
    over: list[Life]


class Writer:
    """Keeps a backend informed, in a task of its own, for which only ``stop`` waits."""

    def __init__(self, backend: RecorderBackend) -> None:
        self._loop = asyncio.get_running_loop()
        self._backend = backend
        self._opened: deque[OpenLife] = deque()
        self._parts: deque[Life] = deque()
        self._over: deque[Life] = deque()
        self._dropped = 0
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
        await self._write_all()  # The lease: from its first socket on, others wait for its answers.
        while not self._must_stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WRITE_EVERY):
                    await self._must_stop.wait()
            await self._write_all()
        while self._opened or self._parts or self._over:
            await asyncio.sleep(RETRY)
            await self._write_all()
        try:
            await run_record(self._backend.stop, this_process().id)
        except Exception as error:
            logger.error("recorder not stopped reason=%r", error)
        self._has_stopped.set_result(None)

    async def _write_all(self) -> None:
        """Write what is due, and that this process is alive; stop at a failure."""
        batch = self._next_batch()
        while await self._write(batch):
            batch = self._next_batch()
            if not any(batch):
                return

    def _next_batch(self) -> Batch:
        return Batch(self._next_opened(), self._next_parts(), self._next_over())

    def _next_opened(self) -> list[OpenLife]:
        """Return those that have had time to subscribe, and are not over already."""
        until = math.inf if self._must_stop.is_set() else self._loop.time() - SETTLE
        settled: list[OpenLife] = []
        while self._opened and len(settled) < MAX_BATCH and self._opened[0].opened_at <= until:
            life = self._opened.popleft()
            if not life.has_ended:
                settled.append(life)
        return settled

    def _next_parts(self) -> list[Life]:
        """Return some parts, of each life one."""
        parts: dict[str, Life] = {}
        while self._parts and len(parts) < MAX_BATCH and self._parts[0].socket not in parts:
            part = self._parts.popleft()
            parts[part.socket] = part
        return list(parts.values())

    def _next_over(self) -> list[Life]:
        return [self._over.popleft() for _ in range(min(MAX_BATCH, len(self._over)))]

    async def _write(self, batch: Batch) -> bool:
        known = {part.socket for part in batch.parts}
        opened = [life for life in batch.opened if not life.has_ended and life.id not in known]
        begun = [life.begun() for life in opened]
        about = LEASE, begun + batch.parts, batch.over
        try:
            await run_record(self._backend.write, this_process(), *about)
        except Exception as error:
            self._failed(batch, error)
            return False
        if self._is_failing:
            logger.warning("recorder up again dropped=%d", self._dropped)
            self._is_failing, self._dropped = False, 0
        return True

    def _failed(self, batch: Batch, error: Exception) -> None:
        self._opened.extendleft(reversed(batch.opened))
        # Behind them may be thousands that opened and ended meanwhile.
        self._opened = deque(life for life in self._opened if not life.has_ended)
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
