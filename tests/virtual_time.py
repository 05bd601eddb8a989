"""An event loop whose clock jumps to the next timer, so that ten seconds take no time in a test.

A folder's tests run in it where its ``conftest.py`` has the hook ``pytest_asyncio_loop_factories``;
a single one uses ``run``.
Not for tests with threads or sockets: the clock would run away while they work.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

BEGIN = 1000.0
"""Seconds on the clock at the beginning of a test."""

MAX_SECONDS = 7 * 86400.0
"""Seconds after which a test is certainly stuck: some timers are set again and again."""


class JumpingSelector(selectors.DefaultSelector):
    """Moves the clock on where asyncio would wait for its next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("The test waits for something that nothing will ever bring about.")
        if self.now + timeout > BEGIN + MAX_SECONDS:
            raise RuntimeError("Nothing but the same timers happens any more.")
        self.now += timeout
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time."""

    def __init__(self) -> None:
        self._selector_with_clock = JumpingSelector()
        super().__init__(self._selector_with_clock)

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
