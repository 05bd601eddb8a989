"""The drain: every socket is sent away, to come back spread over time, before the server ends.

Daphne cancels its applications without a word, and Uvicorn closes all sockets together. A drain
begins with SIGTERM, with the shutdown of ASGI's lifespan, or where the server cancels an
application. ``REALTIME["DRAIN"]`` switches all of it off.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.counters import SOCKETS_OPEN, SOCKETS_OPENED
from realtime.logs import get_logger
from realtime.sockets.command_queue import FINISH_WITHIN
from realtime.sockets.sigterm import hold_sigterm

logger = get_logger(__name__)

BATCH_SIZE = 100
"""Sockets that are sent away before the loop does something else."""

SPREAD_EACH = 2.0
"""Milliseconds by which each socket widens the time over which all come back: 500 a second."""

MIN_SPREAD = 1000.0
"""Milliseconds over which even a few sockets come back."""

GRACE = 1.0
"""Seconds that the peers have to close, and what is done after them, before the server ends."""


class Drainable(Protocol):
    """A socket that can be sent away."""

    def drain(self, after: int) -> None:
        """Send ``bye`` 4412 and close; the peer comes back in ``after`` milliseconds."""


class Drain:
    """The sockets of one event loop, and whether they are being sent away."""

    def __init__(self) -> None:
        self._sockets: dict[Drainable, None] = {}
        self._unfinished: set[asyncio.Task[None]] = set()
        self._before_end: dict[Callable[[], Awaitable[None]], None] = {}
        self._is_empty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, socket: Drainable) -> None:
        """Include a socket; during a drain it is sent away immediately."""
        SOCKETS_OPENED.add()
        self._sockets[socket] = None
        if self._task is not None:
            socket.drain(_random_wait(len(self._sockets)))

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    @property
    def is_draining(self) -> bool:
        """Whether the sockets are being sent away, or have left for that reason."""
        return self._task is not None

    def remove(self, socket: Drainable) -> None:
        """Leave out a socket that has ended."""
        self._sockets.pop(socket, None)
        if not self._sockets:
            self._is_empty.set()

    def wait_for(self, commands: asyncio.Task[None]) -> None:
        """Let the server end only after this task, which finishes the commands of a socket."""
        self._unfinished.add(commands)
        commands.add_done_callback(self._unfinished.discard)

    def before_end(self, finish: Callable[[], Awaitable[None]]) -> None:
        """Await ``finish``, once, when the sockets have left; it has ``GRACE`` seconds."""
        self._before_end[finish] = None

    def start(self) -> asyncio.Task[None]:
        """Send all sockets away; the task ends when they have left, ``GRACE`` later at the latest.

        There is one drain in a loop: a second call returns the same task.
        """
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send_away())
        return self._task

    def cancelled(self, socket: Drainable) -> None:
        """Send a socket away whose application is cancelled, as it can say nothing later.

        A server that ends cancels all of them before the first has left.
        """
        if socket in self._sockets and realtime_settings().DRAIN:
            socket.drain(_random_wait(len(self._sockets)))

    async def _send_away(self) -> None:
        sockets = list(self._sockets)
        logger.info("draining sockets=%d", len(sockets))
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
        for finish in list(self._before_end):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await finish()


def _random_wait(sockets: int) -> int:
    """Return the milliseconds after which one of so many sockets comes back."""
    return int(random.random() * (MIN_SPREAD + SPREAD_EACH * sockets))


def _start_drain() -> Drain:
    drain = Drain()
    if realtime_settings().DRAIN:
        hold_sigterm(drain.start)
    return drain


_drains = PerLoop(_start_drain)


def running_drain() -> Drain:
    """Return the drain of the running event loop; the first call takes SIGTERM over."""
    return _drains.current()


def is_draining() -> bool:
    """Tell whether this process sends its sockets away."""
    return any(drain.is_draining for drain in _drains.all())


SOCKETS_OPEN.read_from(lambda: {"": sum(drain.sockets for drain in _drains.all())})
