"""An event loop for greenlets, in a native thread.

asyncio knows one running loop for each native thread. gevent's greenlets share one: while a loop
runs in one of them, Django and asyncio refuse to work in all others.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

Begin = Callable[[], Coroutine[Any, Any, None]]
"""Makes a coroutine, in the loop that will run it."""


def replace_threads() -> bool:
    """Tell whether gevent has made greenlets of this process's threads."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


def run_apart(function: Callable[[], Result]) -> Result:
    """Return what a function returns in a native thread of its own, while greenlets go on."""
    from gevent.threadpool import ThreadPool  # It is there, for threads are replaced.

    threads = ThreadPool(1)
    try:
        return threads.apply(function)  # type: ignore[no-any-return]
    finally:
        threads.kill()


class NativeLoop:
    """Runs coroutines in one native thread, in which the loop is made too, as gevent demands."""

    def __init__(self) -> None:
        self._threads: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Begin] = deque()

    def run(self, begin: Begin) -> None:
        """Run a coroutine, while other greenlets go on, and return after it."""
        self._waiting.append(begin)
        self._native_thread().apply(self._run_all)

    def start(self, begin: Begin) -> None:
        """Run a coroutine soon, and don't wait for it."""
        self._waiting.append(begin)
        self._native_thread().spawn(self._run_all)

    def close(self) -> None:
        """Close the loop; the next coroutine gets a new one."""
        if self._loop is not None:
            self._native_thread().apply(self._loop.close)
            self._loop = None

    def begin_as_child(self) -> None:
        """Drop the thread, which a fork does not copy."""
        self._threads = None
        self._waiting.clear()

    def _native_thread(self) -> Any:
        if self._threads is None:
            from gevent.threadpool import ThreadPool  # It is there, for threads are replaced.

            self._threads = ThreadPool(1)
        return self._threads

    def _run_all(self) -> None:
        """Run all that wait together; most often, that leaves nothing to those who come next."""
        begun = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if begun:
            self._loop = self._loop or asyncio.new_event_loop()
            self._loop.run_until_complete(_together(begun))


async def _together(begun: list[Begin]) -> None:
    await asyncio.gather(*(begin() for begin in begun))
