"""One object for each event loop, such as the hub: made at first use, dropped with the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


def in_event_loop() -> bool:
    """Tell whether an event loop runs in this thread, which sync code would block."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class PerLoop(Generic[Value]):
    """Makes a value in each event loop that asks for one."""

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._values: dict[asyncio.AbstractEventLoop, Value] = {}

    def current(self) -> Value:
        """Return the running event loop's; raises ``RuntimeError`` where none is running."""
        loop = asyncio.get_running_loop()
        if loop not in self._values:
            for other in list(self._values):  # Loops in other threads may do the same.
                if other.is_closed():
                    self._values.pop(other, None)
            self._values[loop] = self._make()
        return self._values[loop]

    def all(self) -> list[Value]:
        """Return those of all event loops that are not closed, from any thread."""
        return [value for loop, value in list(self._values.items()) if not loop.is_closed()]
