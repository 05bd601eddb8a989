"""SIGTERM: every socket is told to come back, spread over time, before the server ends.

Daphne cancels its applications without a word, and Uvicorn closes all sockets at once. Both take
the signal with ``signal.signal``, so the farewell stands before their handler and calls it when all
is said. A server that takes it otherwise (a Gunicorn worker, Hypercorn) is left alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import threading
from types import FrameType
from typing import Any, Protocol

from realtime.concurrency.per_loop import PerLoop

logger = logging.getLogger(__name__)

BATCH = 100
"""Sockets that are told before the loop does something else."""

SPREAD_EACH = 2.0
"""Milliseconds by which each socket widens the time over which all come back: 500 a second."""

SPREAD_LEAST = 1000.0
"""Milliseconds over which even a few sockets come back."""

GRACE = 1.0
"""Seconds that the peers have to close, before the server goes on to end."""


class Leaver(Protocol):
    """A socket that can be told to come back."""

    def restart(self, after: int) -> None:
        """Say ``bye`` 4412 and close; the peer comes back in ``after`` milliseconds."""


class Farewell:
    """The sockets of one event loop, and whether they are being sent away."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._leavers: dict[Leaver, None] = {}
        self._all_left = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._server_handler: Any = None
        if threading.current_thread() is threading.main_thread():
            self._stand_before(signal.getsignal(signal.SIGTERM))

    def add(self, leaver: Leaver) -> None:
        """Include a socket; during a farewell it is sent away at once."""
        self._leavers[leaver] = None
        if self._task is not None:
            leaver.restart(self._after(len(self._leavers)))

    def discard(self, leaver: Leaver) -> None:
        """Leave out a socket that has ended."""
        self._leavers.pop(leaver, None)
        if not self._leavers:
            self._all_left.set()

    def _stand_before(self, handler: Any) -> None:
        if callable(handler) and handler.__module__ != asyncio.unix_events.__name__:
            self._server_handler = handler
            signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._task is not None or self._loop.is_closed():
            self._server_handler(number, frame)
        else:
            self._loop.call_soon_threadsafe(self._begin, number)

    def _begin(self, number: int) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._say_goodbye(number))

    async def _say_goodbye(self, number: int) -> None:
        leavers = list(self._leavers)
        logger.info("restarting sockets=%d", len(leavers))
        try:
            for told, leaver in enumerate(leavers, start=1):
                leaver.restart(self._after(len(leavers)))
                if told % BATCH == 0:
                    await asyncio.sleep(0)
            if self._leavers:
                self._all_left.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GRACE):
                        await self._all_left.wait()
        finally:
            self._server_handler(number, None)

    @staticmethod
    def _after(sockets: int) -> int:
        return int(random.random() * (SPREAD_LEAST + SPREAD_EACH * sockets))


_farewells = PerLoop(Farewell)


def farewell() -> Farewell:
    """Return the farewell of the running event loop."""
    return _farewells.current()
