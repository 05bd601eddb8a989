"""What a feed asks of those who follow it."""

from __future__ import annotations

from typing import Any, Protocol

from realtime.protocol.position import Position


class Follower(Protocol):
    """What follows a stream."""

    def deliver(self, message: Any, size: int) -> bool:
        """Take an encoded event, a ``websocket.send`` of ``size`` bytes; False refuses it."""

    def fall_behind(self, place: Position) -> None:
        """Catch up from ``place`` at one's own pace: what follows it will not be delivered."""

    def reset(self) -> None:
        """Hear that the stream starts again from the feed's position."""
