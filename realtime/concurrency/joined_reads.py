"""Reads about streams, in threads: those that come during another one are joined."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

READ_WITHIN = 30.0
"""Seconds after which a read is given up, so that those that wait behind it may begin."""

BATCH_SIZE = 500
"""Streams of one read."""

Answer = TypeVar("Answer")


class JoinedReads(Generic[Answer]):
    """Joins reads about streams: at any time one is under way, and the others wait together.

    A read has a number, and of two about the same stream the lower number is read. An answer is of
    a read that began after ``get`` was called.
    """

    def __init__(self, read: Callable[[dict[str, int]], Awaitable[Mapping[str, Answer]]]) -> None:
        self._read = read
        self._waiting: dict[str, tuple[int, asyncio.Future[tuple[int, Answer]]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, stream: str, number: int = 0) -> tuple[int, Answer]:
        """Return the number that was read with, and the answer."""
        if stream in self._waiting:
            lowest, future = self._waiting[stream]
            self._waiting[stream] = min(lowest, number), future
        else:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: done.exception())  # Its caller may be gone.
            self._waiting[stream] = number, future
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                names = list(self._waiting)[:BATCH_SIZE]
                await self._read_batch({name: self._waiting.pop(name) for name in names})
        finally:
            self._task = None

    async def _read_batch(
        self, batch: dict[str, tuple[int, asyncio.Future[tuple[int, Answer]]]]
    ) -> None:
        try:
            async with asyncio.timeout(READ_WITHIN):
                answers = await self._read({name: number for name, (number, _) in batch.items()})
        except Exception as error:  # The futures hand it to each caller.
            for _, future in batch.values():
                future.set_exception(error)
        else:
            for name, (number, future) in batch.items():
                future.set_result((number, answers[name]))
