"""SIGTERM: every socket is sent away, to come back spread over time, before the server ends.

Daphne cancels its applications without a word, and Uvicorn closes all sockets together. Both take
the signal with ``signal.signal``, so the drain takes it over and calls their handler when it is
done. A server that takes it otherwise (a Gunicorn worker, Hypercorn) is left alone, and so is one
where ``REALTIME["DRAIN"]`` is False.
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
from realtime.conf import realtime_settings
from realtime.sockets.command_queue import FINISH_WITHIN

logger = logging.getLogger(__name__)

BATCH_SIZE = 100
"""Sockets that are sent away before the loop does something else."""

SPREAD_EACH = 2.0
"""Milliseconds by which each socket widens the time over which all come back: 500 a second."""

MIN_SPREAD = 1000.0
"""Milliseconds over which even a few sockets come back."""

GRACE = 1.0
"""Seconds that the peers have to close, before the server goes on to end."""


class Drainable(Protocol):
    """A socket that can be sent away."""

    def drain(self, after: int) -> None:
        """Send ``bye`` 4412 and close; the peer comes back in ``after`` milliseconds."""


class Drain:
    """The sockets of one event loop, and whether they are being sent away."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[Drainable, None] = {}
        self._unfinished: set[asyncio.Task[None]] = set()
        self._is_empty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._server_handler: Any = None

    def add(self, socket: Drainable) -> None:
        """Include a socket; during a drain it is sent away immediately."""
        self._sockets[socket] = None
        if self._task is not None:
            socket.drain(_random_wait(len(self._sockets)))

    def remove(self, socket: Drainable) -> None:
        """Leave out a socket that has ended."""
        self._sockets.pop(socket, None)
        if not self._sockets:
            self._is_empty.set()

    def wait_for(self, commands: asyncio.Task[None]) -> None:
        """Let the server end only after this task, which finishes the commands of a socket."""
        self._unfinished.add(commands)
        commands.add_done_callback(self._unfinished.discard)

    def take_over_sigterm(self) -> None:
        """Drain on SIGTERM, and call the server's own handler after it.

        A second SIGTERM goes to that handler immediately.
        """
        if threading.current_thread() is not threading.main_thread():
            return  # Python hands signals to the main thread alone.
        handler = signal.getsignal(signal.SIGTERM)
        if not callable(handler) or handler.__module__ == "asyncio.unix_events":
            logger.info("SIGTERM is not taken over: the server handles it in its event loop")
            return
        self._server_handler = handler
        signal.signal(signal.SIGTERM, self._on_signal)
        logger.info("SIGTERM is taken over: sockets are drained before the server's own handler")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._task is not None or self._loop.is_closed():
            self._server_handler(number, frame)
        else:
            self._loop.call_soon_threadsafe(self._begin, number)

    def _begin(self, number: int) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._drain(number))

    async def _drain(self, number: int) -> None:
        sockets = list(self._sockets)
        logger.info("draining sockets=%d", len(sockets))
        try:
            for sent_away, socket in enumerate(sockets, start=1):
                socket.drain(_random_wait(len(sockets)))
                if sent_away % BATCH_SIZE == 0:
                    await asyncio.sleep(0)
            if self._sockets:
                self._is_empty.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GRACE):
                        await self._is_empty.wait()
            if self._unfinished:
                await asyncio.wait(set(self._unfinished), timeout=FINISH_WITHIN)
        finally:
            self._server_handler(number, None)


def _random_wait(sockets: int) -> int:
    """Return the milliseconds after which one of so many sockets comes back."""
    return int(random.random() * (MIN_SPREAD + SPREAD_EACH * sockets))


def _start_drain() -> Drain:
    drain = Drain()
    if realtime_settings().DRAIN:
        drain.take_over_sigterm()
    return drain


_drains = PerLoop(_start_drain)


def running_drain() -> Drain:
    """Return the drain of the running event loop; the first call takes SIGTERM over."""
    return _drains.current()
