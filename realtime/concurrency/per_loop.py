"""One object for each event loop, such as the hub: made at first use, forgotten with the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class PerLoop(Generic[Thing]):
    """Makes a ``Thing`` in each event loop that asks for one."""

    def __init__(self, make: Callable[[], Thing]) -> None:
        self._make = make
        self._things: dict[asyncio.AbstractEventLoop, Thing] = {}

    def current(self) -> Thing:
        """Return the running event loop's; raises ``RuntimeError`` where none is running."""
        loop = asyncio.get_running_loop()
        if loop not in self._things:
            for closed in [other for other in self._things if other.is_closed()]:
                del self._things[closed]
            self._things[loop] = self._make()
        return self._things[loop]
