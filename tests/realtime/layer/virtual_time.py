"""An event loop that does not wait: when nothing else is to be done, its clock jumps to the next
timer. What a test runs in it must not use threads, for which the clock would not stand still.
"""

import asyncio
import selectors

START = 1000.0
"""A real loop's clock does not begin with the test."""

LONG = 7 * 86400.0
"""Seconds after which a test is certainly stuck: some timers are set again without end."""


class Clock(selectors.DefaultSelector):
    """A selector that lets time pass instead of waiting."""

    def __init__(self):
        super().__init__()
        self.now = START

    def select(self, timeout=None):
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self.now += timeout
            assert self.now < START + LONG, "nothing happens any more"
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._clock = Clock()
        super().__init__(self._clock)

    def time(self):
        return self._clock.now


def elapsed():
    """Return the seconds of virtual time since the running test began."""
    return asyncio.get_running_loop().time() - START


async def settle():
    """Let all go on that needs no time."""
    await asyncio.sleep(1e-6)
