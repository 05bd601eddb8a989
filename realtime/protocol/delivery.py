"""The order in which the events of a stream are handed out: each once, none early, no hole.

Events come by broadcasts, which may be lost, repeated, late, out of order or untrue, and from the
log, which knows best. What comes out of here is what the log holds, in its order. ``delivery.js``
holds the same rules; ``tests/vectors/delivery.json`` runs on both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from realtime.protocol.position import Position

MAX_EPHEMERAL = 100
"""Ephemeral events that wait while a hole is filled; the oldest go."""

MAX_AHEAD = 1000
"""Events that wait behind a hole; later ones are read from the log when it is filled."""

Event = TypeVar("Event")


class Delivery(Generic[Event]):
    """The delivery of one stream; each method returns the events to hand out now, in order."""

    __slots__ = ("_ahead", "_ephemeral", "_top", "early", "position")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.early = 0
        """How many events came before their turn; a read that began before one may lack it."""
        self._top = position.offset
        self._ahead: dict[int, Event | None] = {}
        self._ephemeral: list[Event] = []

    @property
    def has_hole(self) -> bool:
        """Whether events after ``position`` are known of that did not come: read them."""
        return self._top > self.position.offset

    def take(self, offset: int, event: Event) -> list[Event]:
        """Take an event of the present epoch that was broadcast."""
        if offset <= self.position.offset:
            return []
        self.announce(offset)
        if offset == self.position.offset + 1:
            return [event, *self._advance(offset)]
        self.early += 1
        if self._ahead.get(offset, event) != event:
            self._ahead[offset] = None  # Two differ, so one is untrue: it has to be read.
        elif len(self._ahead) < MAX_AHEAD:
            self._ahead[offset] = event
        return []

    def ephemeral(self, event: Event) -> list[Event]:
        """Take an event that is not kept; it waits while there is a hole."""
        if not self.has_hole:
            return [event]
        self._ephemeral = [*self._ephemeral, event][-MAX_EPHEMERAL:]
        return []

    def read(self, events: Iterable[tuple[int, Event]]) -> list[Event]:
        """Take what the log holds, with offsets, from anywhere up to the first event missing."""
        for offset, event in events:
            if offset > self.position.offset:
                self.announce(offset)
                self._ahead[offset] = event
        return self._advance(self.position.offset)

    def announce(self, top: int) -> None:
        """Note that there may be events up to the offset ``top``."""
        self._top = max(self._top, top)

    def checked(self, top: int) -> list[Event]:
        """Note that the log's last event in the present epoch has the offset ``top``.

        What was announced beyond it is not there, and is waited for no more.
        """
        self._top = max(top, self.position.offset)
        self._ahead = {offset: one for offset, one in self._ahead.items() if offset <= top}
        return self._advance(self.position.offset)

    def reset(self, position: Position) -> list[Event]:
        """Start again from ``position``; the ephemeral events that waited are handed out."""
        waiting = self._ephemeral
        self.__init__(position)  # type: ignore[misc]
        return waiting

    def _advance(self, offset: int) -> list[Event]:
        """Move to ``offset`` and on, over all that waits right behind it."""
        handed_out = []
        while (following := self._ahead.pop(offset + 1, None)) is not None:
            handed_out.append(following)
            offset += 1
        self.position = self.position._replace(offset=offset)
        if not self.has_hole:
            handed_out += self._ephemeral
            self._ephemeral.clear()
        return handed_out
