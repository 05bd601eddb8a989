"""A read replica of the database log: replays are read there, unless it lags behind.

A replica may lag by any time. So the primary says where each stream is, which costs it one look
into the heads, and only what has come as far as that on the replica is taken from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from django.db import Error, connections

from realtime.concurrency.connections import close_unusable
from realtime.eventlog.base import Page
from realtime.logs import get_logger
from realtime.protocol.position import Position

logger = get_logger(__name__)

REST = 10.0
"""Seconds for which a replica is not asked after it failed: connecting to it may take long."""


class Replica:
    """The database with an alias, read by ``read(after, limit, alias)``."""

    def __init__(
        self, alias: str, read: Callable[[Mapping[str, int], int, str], dict[str, Page]]
    ) -> None:
        self._alias = alias
        self._read = read
        self._rests_until = 0.0

    def pages(
        self, after: Mapping[str, int], limit: int, at_least: Mapping[str, Position]
    ) -> dict[str, Page]:
        """Return the pages of those streams that have come at least as far as their positions.

        Of streams without an event after the wanted offset the positions say all.
        """
        pages = {
            name: Page(at_least[name], [])
            for name, offset in after.items()
            if at_least[name].offset <= offset
        }
        wanted = {name: offset for name, offset in after.items() if name not in pages}
        if not wanted or time.monotonic() < self._rests_until:
            return pages
        close_unusable(connections[self._alias])
        try:
            found = self._read(wanted, limit, self._alias)
        except Error as error:
            self._rests_until = time.monotonic() + REST
            logger.warning("replica not read database=%s error=%r", self._alias, error)
            return pages
        return pages | {
            name: page
            for name, page in found.items()
            if _has_reached(page.position, at_least[name])
        }


def _has_reached(position: Position, wanted: Position) -> bool:
    return position.epoch == wanted.epoch and position.offset >= wanted.offset
