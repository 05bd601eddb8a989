"""Keeps Python's garbage collector away from the sockets that stay open.

A full pass of it visits every object of the process and stops the loop for that time, half a second
with 10,000 sockets. They need none: reference counts free them when they end. So what is there is
frozen (``gc.freeze``) whenever some more sockets have come, and a pass visits only what is newer.
What an application adds to a socket may be a cycle; a frozen one waits for a thaw, which comes when
enough sockets have ended and others come.
"""

from __future__ import annotations

import gc
from collections.abc import Hashable

from realtime.concurrency.per_loop import PerLoop
from realtime.logs import get_logger

logger = get_logger(__name__)

BATCH = 50
"""New sockets that are frozen together, after a pass that visits them for 3 ms."""

MIN_ENDED = 1000
"""Frozen sockets that have ended before a thaw, at least."""


class Freezer:
    """Freezes and thaws what the process holds, by the sockets of one event loop.

    Nothing is frozen with fewer than ``BATCH`` sockets, or while the collector is switched off.
    """

    def __init__(self) -> None:
        self._new: set[Hashable] = set()
        self._frozen = 0
        self._ended = 0
        """Frozen sockets that have ended since the last thaw."""
        self._turnovers = 1
        """How often all sockets are replaced before the next thaw."""

    def opened(self, socket: Hashable) -> None:
        """Count a socket that has opened, and freeze it with the others if they are enough."""
        self._new.add(socket)
        if len(self._new) >= BATCH and gc.isenabled():
            self._freeze()

    def ended(self, socket: Hashable) -> None:
        """Count an open socket that has ended."""
        if socket in self._new:
            self._new.remove(socket)
        elif self._frozen:
            self._frozen -= 1
            self._ended += 1

    def _freeze(self) -> None:
        gc.collect()  # Else what is garbage already would be kept too.
        if self._ended >= self._turnovers * max(MIN_ENDED, self._frozen):
            self._thaw()
        gc.freeze()
        self._frozen += len(self._new)
        self._new.clear()

    def _thaw(self) -> None:
        """Visit all once; where the sockets have left nothing, the next time comes later."""
        gc.unfreeze()
        found = gc.collect()
        logger.info("thawed ended=%d found=%d", self._ended, found)
        self._turnovers = self._turnovers * 2 if found < self._ended else 1
        self._ended = 0


_freezers = PerLoop(Freezer)


def running_freezer() -> Freezer:
    """Return the freezer of the running event loop."""
    return _freezers.current()
