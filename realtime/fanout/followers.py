"""Who follows a stream in this process, and which of them are up to date."""

from __future__ import annotations

from typing import Any, Protocol

from realtime.eventlog import LoggedEvent
from realtime.protocol.position import Position


class Follower(Protocol):
    """The role of whatever follows a stream: a WebSocket's subscription, for one."""

    def deliver(self, message: Any, size: int) -> bool:
        """Take an encoded event, a ``websocket.send`` of ``size`` bytes; False refuses it."""

    def fall_behind(self, position: Position) -> None:
        """Catch up from ``position`` at one's own pace: what follows it will not be delivered."""

    def reset(self) -> None:
        """Start again from the feed's position: the log was cut or lost."""


class Followers:
    """The followers of one stream.

    A follower waits while it is brought up to the feed's position, and gets only what is
    ephemeral; then it is live. The order is that in which they came.
    """

    __slots__ = ("_live", "_waiting")

    def __init__(self) -> None:
        self._live: dict[Follower, None] = {}
        self._waiting: dict[Follower, None] = {}

    @property
    def live(self) -> int:
        """How many are up to date."""
        return len(self._live)

    def add(self, follower: Follower) -> None:
        """Add one that waits."""
        self._waiting[follower] = None

    def go_live(self, follower: Follower) -> None:
        """Hand one that is at the feed's position all that comes from now on."""
        del self._waiting[follower]
        self._live[follower] = None

    def remove(self, follower: Follower) -> bool:
        """Remove one; returns whether that was the last one."""
        known = follower in self._live or follower in self._waiting
        self._live.pop(follower, None)
        self._waiting.pop(follower, None)
        return known and not self._live and not self._waiting

    def deliver(self, event: LoggedEvent) -> None:
        """Hand an event to those that are live; one that can't take it falls behind."""
        message = {"type": "websocket.send", "text": event.frame}
        for follower in list(self._live):
            if not follower.deliver(message, len(event.frame)):
                self._set_back(follower, Position(event.epoch, event.offset - 1))

    def deliver_ephemeral(self, frame: str, position: Position) -> None:
        """Hand an event that is not kept to all; one that can't take it holds it.

        ``position`` is the feed's.
        """
        message = {"type": "websocket.send", "text": frame}
        for follower in [*self._live, *self._waiting]:
            if not follower.deliver(message, len(frame)):
                self._set_back(follower, position)
                follower.deliver(message, len(frame))

    def set_back(self, position: Position) -> None:
        """Let all that are live catch up from ``position`` at their own pace."""
        for follower in list(self._live):
            self._set_back(follower, position)

    def reset(self) -> None:
        """Let all start again from the feed's position."""
        self._waiting |= self._live
        self._live.clear()
        for follower in list(self._waiting):
            follower.reset()

    def _set_back(self, follower: Follower, position: Position) -> None:
        if follower in self._live:
            del self._live[follower]
            self._waiting[follower] = None
            follower.fall_behind(position)
