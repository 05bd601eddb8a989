"""An event loop whose clock jumps to the next timer, so that ten seconds take no time in a test.

Async unit tests run in it, unless they are marked with ``real_time``; others use ``run``.
While a thread works for the loop, time passes as it really does. Not for tests with sockets: the
clock would run away while the system works.
"""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from realtime.counters import CALLS_WAITING, THREADS_BUSY, Gauge

Result = TypeVar("Result")

BEGIN = 1000.0
"""Seconds on the clock at the beginning of a test."""

MAX_SECONDS = 7 * 86400.0
"""Seconds after which a test is certainly stuck: some timers are set again and again."""


GLANCE = 0.0005
"""Seconds between two looks whether threads still work; one that has a result wakes the loop."""


class JumpingSelector(selectors.DefaultSelector):
    """Moves the clock on where asyncio would wait for its next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.in_threads: set[object] = set()
        """What executors do for the loop, by the futures; the pools of realtime count their own."""

    def select(self, timeout: float | None = None) -> Any:
        if timeout == 0:
            return super().select(0)
        if self.in_threads or any(map(_has_any, (THREADS_BUSY, CALLS_WAITING))):
            return self._really_wait(GLANCE if timeout is None else min(timeout, GLANCE))
        # A thread may have had its result since asyncio found nothing to do.
        if events := super().select(0):
            return events
        if timeout is None:
            raise RuntimeError("The test waits for something that nothing will ever bring about.")
        if self.now + timeout > BEGIN + MAX_SECONDS:
            raise RuntimeError("Nothing but the same timers happens any more.")
        self.now += timeout
        return []

    def _really_wait(self, seconds: float) -> Any:
        began = time.perf_counter()
        events = super().select(seconds)
        self.now += min(seconds, time.perf_counter() - began)
        return events


def _has_any(gauge: Gauge) -> bool:
    return any(gauge.read().values())


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time."""

    def __init__(self) -> None:
        self._selector_with_clock = JumpingSelector()
        super().__init__(self._selector_with_clock)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self._selector_with_clock.in_threads.add(future)
        future.add_done_callback(self._selector_with_clock.in_threads.discard)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        self._selector_with_clock.in_threads.add("a thread that ends them")
        await super().shutdown_default_executor(*args)
        self._selector_with_clock.in_threads.clear()

    def time(self) -> float:
        return self._selector_with_clock.now

    def stall(self, seconds: float) -> None:
        """Let time pass in which nothing runs, as in a process that is stopped."""
        self._selector_with_clock.now += seconds


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Return what ``coroutine`` returns, from a loop of its own in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


def elapsed() -> float:
    """Return the seconds of virtual time since the running test began."""
    return asyncio.get_running_loop().time() - BEGIN


async def settle() -> None:
    """Let all go on that needs no time."""
    await asyncio.sleep(1e-6)
