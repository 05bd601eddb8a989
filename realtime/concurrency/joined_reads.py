"""Reads in threads or over a network: those that come during another one are joined."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

READ_WITHIN = 30.0
"""Seconds after which a read is given up, so that those that wait behind it may begin."""

BATCH_SIZE = 500
"""Names of one read."""

Answer = TypeVar("Answer")
Batch = dict[str, tuple[int, asyncio.Future[tuple[int, Answer]]]]


class JoinedReads(Generic[Answer]):
    """Joins the reads of one event loop: one is under way, and what comes meanwhile waits together.

    A read has a number, and of two about the same name the lower number is read. An answer is of
    a read that began after ``get`` was called. ``patience`` is the seconds after which the next
    read begins beside one that is still under way; without, it waits for that one's end.
    """

    def __init__(
        self,
        read: Callable[[dict[str, int]], Awaitable[Mapping[str, Answer]]],
        *,
        patience: float | None = None,
    ) -> None:
        self._read = read
        self._patience = patience
        self._waiting: Batch[Answer] = {}
        self._task: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def get(self, name: str, number: int = 0) -> tuple[int, Answer]:
        """Return the number that was read with, and the answer; raises what the read raises."""
        if name in self._waiting:
            lowest, future = self._waiting[name]
            self._waiting[name] = min(lowest, number), future
        else:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: done.exception())  # Its caller may be gone.
            self._waiting[name] = number, future
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                names = list(self._waiting)[:BATCH_SIZE]
                batch = {name: self._waiting.pop(name) for name in names}
                read = asyncio.create_task(self._read_batch(batch))
                self._under_way.add(read)  # The loop keeps no task alive.
                read.add_done_callback(self._under_way.discard)
                await asyncio.wait({read}, timeout=self._patience)
        finally:
            self._task = None

    async def _read_batch(self, batch: Batch[Answer]) -> None:
        try:
            async with asyncio.timeout(READ_WITHIN):
                answers = await self._read({name: number for name, (number, _) in batch.items()})
        except Exception as error:  # The futures hand it to each caller.
            for _, future in batch.values():
                future.set_exception(error)
        else:
            for name, (number, future) in batch.items():
                future.set_result((number, answers[name]))
