"""One stream on one socket: brought up to the present from the log, then live."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from realtime.concurrency.threads import call
from realtime.fanout.feed import Feed
from realtime.fanout.hub import Hub
from realtime.fanout.log_reader import Lost
from realtime.protocol import frames
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.delivery import MAX_EPHEMERAL
from realtime.protocol.position import NO_EPOCH, Position
from realtime.sockets.realtime_socket import Socket
from realtime.sockets.transport import Message
from realtime.streams import Stream

logger = logging.getLogger(__name__)


LAG = 0.5
"""Seconds until a log is read again that has less than was rung: a replica that lags."""


class Subscription:
    """Follows a feed for a socket.

    It has a place of its own in the stream. While that is behind the feed's, a task replays what is
    between; when it has caught up, the feed hands on what comes.
    """

    __slots__ = ("_feed", "_held", "_hub", "_place", "_socket", "_task", "stream")

    def __init__(self, socket: Socket, stream: Stream, hub: Hub) -> None:
        self.stream = stream
        self._socket = socket
        self._hub = hub
        self._feed: Feed | None = None
        self._place: Position | None = None
        self._held: deque[tuple[Message, int]] | None = deque(maxlen=MAX_EPHEMERAL)
        self._task: asyncio.Task[None] | None = None

    async def start(self, after: Position | None, ref: int | str | None) -> None:
        """Answer a subscribe: go on ``after`` a position if that is possible, else begin anew."""
        self._feed = feed = await self._hub.follow(self.stream.name, self, after)
        recovered = after is not None and await self._can_resume(feed, after)
        position = feed.position
        snapshot = None if recovered else await self._snapshot()
        self._place = after if recovered else position
        name = self.stream.name
        self._socket.send_text(
            frames.subscribed(name, ref, position, recovered=recovered, snapshot=snapshot)
        )
        self._catch_up()

    def deliver(self, message: Message, size: int) -> bool:
        """Hand an encoded event of ``size`` bytes to the socket; hold it during a replay.

        Returns False where the socket has too much in flight to take it.
        """
        if self._held is None:
            return self._socket.deliver(message, size)
        self._held.append((message, size))
        return True

    def fall_behind(self, place: Position) -> None:
        """Replay what follows ``place``, at the pace of the socket."""
        assert self._feed is not None
        self._place = place
        self._held = deque(maxlen=MAX_EPHEMERAL)
        self._task = asyncio.create_task(self._replay(self._feed))

    def reset(self) -> None:
        """Begin anew from the feed's position: the log was cut or lost."""
        if self._place is not None:
            self._place = None
            self._held = self._held or deque(maxlen=MAX_EPHEMERAL)
            self._catch_up()

    def end(self) -> None:
        """Follow no more."""
        self._hub.unfollow(self.stream.name, self)
        if self._task is not None:
            self._task.cancel()

    async def _can_resume(self, feed: Feed, after: Position) -> bool:
        position = feed.position
        if after.epoch != position.epoch or position.epoch == NO_EPOCH:
            return False
        if after.offset >= position.offset:
            return after.offset == position.offset
        try:
            return bool(await feed.since(after)) and after.epoch == feed.position.epoch
        except Lost:
            return False

    async def _snapshot(self) -> Any:
        return await call(self.stream.snapshot, self._socket.user)

    def _catch_up(self) -> None:
        assert self._feed is not None
        if self._task is not None:
            return
        if self._place == self._feed.position:
            self._go_live(self._feed)
        else:
            self._task = asyncio.create_task(self._replay(self._feed))

    async def _replay(self, feed: Feed) -> None:
        try:
            while self._place != feed.position and not self._socket.closing:
                if self._place is None:
                    await self._rebuild(feed)
                else:
                    await self._replay_page(feed, self._place)
            self._go_live(feed)
        except Exception:
            # The client comes back, and is told what is wrong when it subscribes.
            logger.exception("replay failed socket=%s stream=%s", self._socket.id, feed.stream)
            self._socket.end(CloseCode.RESTARTING)
        finally:
            self._task = None

    async def _replay_page(self, feed: Feed, place: Position) -> None:
        try:
            events = await feed.since(place)
        except Lost:
            self._place = None
            return
        if not events:
            await asyncio.sleep(LAG)
        for event in events:
            await self._socket.room()
            if self._place != place or self._socket.closing:
                return  # A reset came meanwhile.
            self._socket.send_text(event.replayed_frame)
            self._place = place = place._replace(offset=event.offset)

    async def _rebuild(self, feed: Feed) -> None:
        position = feed.position
        snapshot = await self._snapshot()
        if feed.position.epoch == position.epoch:
            self._socket.send_text(frames.reset(feed.stream, position, snapshot))
            self._place = position

    def _go_live(self, feed: Feed) -> None:
        if self._socket.closing:
            return
        feed.go_live(self)
        held, self._held = self._held or (), None
        for message, size in held:
            self._socket.deliver(message, size)
