"""A subscription to a stream of which the newest event alone counts."""

from __future__ import annotations

from realtime.fanout.feed import Feed
from realtime.protocol.position import NO_EPOCH, Position
from realtime.subscriptions.selective import SelectiveSubscription
from realtime.subscriptions.state import State


class CachedSubscription(SelectiveSubscription):
    """Hands the newest event to a client that comes, and then what is published.

    A client that comes back passes over those before it, however many it has missed.
    """

    __slots__ = ()

    def reset(self) -> None:
        """Go on with the newest event, unless the stream has begun a new epoch."""
        feed = self._feed
        is_followed = self._state in (State.LIVE, State.REPLAYING)
        if is_followed and feed is not None and self._is_in_epoch(feed):
            self.fall_behind(self._seen)
        else:
            super().reset()

    def _first_position(self, feed: Feed) -> Position:
        return _before_newest(feed)

    async def _can_resume(self, feed: Feed, after: Position) -> bool:
        position = feed.position
        if after.epoch != position.epoch or position.epoch == NO_EPOCH:
            return False
        return after.offset <= position.offset

    async def _replay_page(self, feed: Feed) -> None:
        before = _before_newest(feed)
        if self._is_in_epoch(feed) and self._position.offset < before.offset:
            self.skip_to(before)
        await super()._replay_page(feed)

    def _lose(self, feed: Feed) -> None:
        """Do without the newest event: it is too old, or a newer one is on its way."""
        if self._is_in_epoch(feed):
            self.skip_to(feed.position)
        else:
            super()._lose(feed)

    def _is_in_epoch(self, feed: Feed) -> bool:
        return self._position.epoch == feed.position.epoch


def _before_newest(feed: Feed) -> Position:
    position = feed.position
    return position._replace(offset=max(0, position.offset - 1))
