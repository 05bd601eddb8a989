"""One stream on one socket: from the answer to a subscribe until its end."""

from __future__ import annotations

from realtime.access.allowances import Allowance, allowances
from realtime.exceptions import PositionLost
from realtime.fanout.feed import Feed
from realtime.fanout.hub import Hub
from realtime.protocol import frames
from realtime.protocol.position import NO_EPOCH, Position
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream
from realtime.subscriptions import presence
from realtime.subscriptions.application import JSON_DEFAULT
from realtime.subscriptions.follower import SocketFollower
from realtime.subscriptions.state import State


class Subscription(SocketFollower):
    """Begins with the answer to a client's subscribe, and follows the stream until its ``end``."""

    __slots__ = ("_allowance", "_hub")

    def __init__(self, socket: RealtimeSocket, stream: Stream, hub: Hub) -> None:
        super().__init__(socket, stream)
        self._hub = hub
        self._allowance: Allowance | None = None

    @property
    def is_starting(self) -> bool:
        """Whether the client still waits for its answer."""
        return self._state is State.STARTING

    async def start(
        self,
        after: Position | None,
        ref: int | str | None,
        deadline: float | None = None,
        *,
        with_members: bool = False,
    ) -> bool:
        """Answer a subscribe: go on ``after`` a position if that is possible, else start again.

        A client that goes on gets the list of members only ``with_members``. Returns False, and has
        answered nothing, where ``end`` was called meanwhile. Raises
        ``TimeoutError`` if there is no snapshot at ``deadline`` of the loop's clock, and
        ``FrameError`` where the user's sockets follow too many streams.
        """
        if not self.is_starting:
            return False
        allowance = allowances().of(self._socket.login.account)
        allowance.take(self.stream.name)
        self._allowance = allowance
        self._feed = feed = await self._hub.follow(self.stream.name, self, after)
        recovered = after is not None and await self._can_resume(feed, after)
        position = feed.position if recovered else self._first_position(feed)
        snapshot = None if recovered else await self._snapshot(deadline)
        lacks_members = with_members or not recovered
        members = await presence.members(self.stream, deadline) if lacks_members else None
        if not self.is_starting:
            return False
        self._start_after(after if recovered and after is not None else position)
        self._begin_course(feed)
        self._socket.send_text(
            frames.subscribed(
                *(self.stream.name, ref, position),
                recovered=recovered,
                snapshot=snapshot,
                presence=members,
                default=JSON_DEFAULT,
            )
        )
        self._state = State.REPLAYING
        if self._is_caught_up(feed):
            self._go_live(feed)
        else:
            self._catch_up(feed)
        return True

    def end(self, *, has_dropped: bool = False) -> None:
        """Follow no more, and send nothing of the stream from now on.

        ``has_dropped`` says that what still waits of it will not be sent either.
        """
        self._end_course(has_dropped=has_dropped)
        self._state = State.ENDED
        self._held = None
        self._hub.unfollow(self.stream.name, self)
        if self._allowance is not None:
            self._allowance.release(self.stream.name)
            self._allowance = None
        if self._task is not None:
            self._task.cancel()

    def _first_position(self, feed: Feed) -> Position:
        """Return the position after which a client gets events that has none yet."""
        return feed.position

    async def _can_resume(self, feed: Feed, after: Position) -> bool:
        position = feed.position
        if after.epoch != position.epoch or position.epoch == NO_EPOCH:
            return False
        if after.offset >= position.offset:
            return after.offset == position.offset
        try:
            return bool(await feed.since(after)) and after.epoch == feed.position.epoch
        except PositionLost:
            return False
