"""Who follows what in this process: one hub for each event loop, the only reader of the layer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
import uuid
from dataclasses import fields
from typing import Any

from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import call
from realtime.conf import realtime_settings
from realtime.eventlog import LoggedEvent, event_log
from realtime.events import EVERYONE, events_in, group_name, ring_of
from realtime.fanout.feed import Feed
from realtime.fanout.followers import Follower
from realtime.fanout.log_reader import LogReader
from realtime.layer.broadcast import Message, aring
from realtime.layer.link import ANSWER_WITHIN, LayerLink
from realtime.protocol import frames
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.position import Position
from realtime.sockets.realtime_socket import Socket

logger = logging.getLogger(__name__)

LEAVE_AFTER = 30.0
"""Seconds for which a stream is followed on after its last follower has left."""

JOINED_AFTER = 1.0
"""Seconds after which a joined group is sure to be: Redis' answer is not waited for."""

PRUNE_EVERY = 60.0
"""Seconds between two prunings of the log by one process."""

LOGGED = tuple(field.name for field in fields(LoggedEvent))
"""What a ring tells of a logged event; a later version's may tell more."""

MOST_AT_ONCE = 1000
"""Streams whose positions are asked for at once."""


class Hub:
    """The feeds that this process follows, and the sockets of each user."""

    def __init__(self) -> None:
        self._log = event_log()
        self._reader = None if self._log is None else LogReader(self._log)
        self._feeds: dict[str, Feed] = {}
        self._joins: dict[str, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._departures: dict[str, asyncio.Task[None]] = {}
        self._sockets: dict[Any, list[Socket]] = {}
        self._check_now = asyncio.Event()
        self._link = LayerLink(
            lambda: [EVERYONE, *map(group_name, self._feeds)], self.deliver, self._check_now.set
        )
        self._log_is_down = False
        self._tasks = [
            asyncio.create_task(self._check_forever(), name="realtime-checks"),
            asyncio.create_task(self._prune_forever(), name="realtime-prune"),
        ]

    async def follow(self, stream: str, follower: Follower, seen: Position | None = None) -> Feed:
        """Begin to follow a stream; returns its feed once rings arrive and its place is known.

        ``seen`` is the position up to which the follower's client has seen events.

        While the channel layer is down it is not waited for: the checks of the log bring events.
        Raises what the log raises.
        """
        feed = self._feeds.get(stream)
        if feed is None:
            feed = self._feeds[stream] = Feed(stream, self._log, self._reader)
            self._joins[stream] = asyncio.create_task(self._join(stream))
            self._joins[stream].add_done_callback(lambda _: self._joins.pop(stream))
        feed.follow(follower)
        if leaving := self._leaving.pop(stream, None):
            leaving.cancel()
        if join := self._joins.get(stream):
            await asyncio.wait({join}, timeout=ANSWER_WITHIN)
        await feed.refresh(seen)
        return feed

    def unfollow(self, stream: str, follower: Follower) -> None:
        """Hand ``follower`` nothing more; harmless for one that does not follow."""
        feed = self._feeds.get(stream)
        if feed is not None and feed.unfollow(follower):
            loop = asyncio.get_running_loop()
            self._leaving[stream] = loop.call_later(LEAVE_AFTER, self._leave, stream)

    def deliver(self, message: Message) -> None:
        """Hand the events in a message to the feeds of their streams."""
        for event in events_in(message):
            try:
                if feed := self._feeds.get(event["stream"]):
                    _hand_to(feed, event)
            except (KeyError, TypeError, ValueError) as error:
                logger.error("event dropped stream=%r error=%r", event.get("stream"), error)

    def signed_in(self, socket: Socket) -> None:
        """Count a user's socket; one too many ends the oldest, which may be a dead one."""
        sockets = self._sockets.setdefault(socket.user.pk, [])
        sockets.append(socket)
        if len(sockets) > realtime_settings().MAX_SOCKETS_PER_USER:
            oldest = sockets[0]
            self.gone(oldest)
            oldest.end(CloseCode.TOO_MANY_SOCKETS)

    def gone(self, socket: Socket) -> None:
        """Forget a user's socket; harmless for one that was never counted."""
        key = getattr(socket.user, "pk", None)
        sockets = self._sockets.get(key, [])
        if socket in sockets:
            sockets.remove(socket)
        if not sockets:
            self._sockets.pop(key, None)

    async def check(self) -> None:
        """Compare every feed with the log."""
        if self._log is None:
            return
        names = [name for name, feed in self._feeds.items() if feed.is_open]
        for start in range(0, len(names), MOST_AT_ONCE):
            some = names[start : start + MOST_AT_ONCE]
            before = {name: self._feeds[name].position for name in some if name in self._feeds}
            found = await call(self._log.positions, list(before))
            for name, position in before.items():
                if name in self._feeds:
                    await self._feeds[name].checked(position, found[name])

    async def _number_pending(self) -> None:
        """Number, and ring, what a crash left unnumbered."""
        assert self._log is not None
        while pending := await call(self._log.number_pending):
            logger.info("numbered for another publisher events=%d", len(pending))
            await aring([ring_of(event) for event in pending])

    async def _check_forever(self) -> None:
        while self._log is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(realtime_settings().POSITION_CHECK):
                    await self._check_now.wait()
            self._check_now.clear()
            try:
                await self.check()
                await self._number_pending()
            except Exception as error:
                self._say_log_down(error)
            else:
                self._say_log_up()

    async def _prune_forever(self) -> None:
        """Apart from the checks, which must not wait for a long pruning."""
        await asyncio.sleep(random.random() * PRUNE_EVERY)
        while self._log is not None:
            try:
                await call(self._log.prune)
            except Exception as error:
                logger.error("pruning failed error=%r", error)
            await asyncio.sleep(PRUNE_EVERY)

    def _say_log_down(self, error: Exception) -> None:
        if not self._log_is_down:
            self._log_is_down = True
            logger.error("event log down reason=%r: asking again until it answers", error)

    def _say_log_up(self) -> None:
        if self._log_is_down:
            self._log_is_down = False
            logger.warning("event log up again")

    async def _join(self, stream: str) -> None:
        if departure := self._departures.get(stream):
            await departure
        await self._link.join(group_name(stream))
        asyncio.get_running_loop().call_later(JOINED_AFTER, self._check_joined, stream)

    def _check_joined(self, stream: str) -> None:
        if stream in self._feeds:
            self._feeds[stream].refresh_soon()

    def _leave(self, stream: str) -> None:
        del self._leaving[stream]
        self._feeds.pop(stream).close()
        departure = asyncio.create_task(self._link.leave(group_name(stream)))
        self._departures[stream] = departure
        departure.add_done_callback(lambda _: self._departures.pop(stream, None))


def _hand_to(feed: Feed, message: Message) -> None:
    if "offset" in message:
        feed.ring(LoggedEvent(**{field: message[field] for field in LOGGED}))
    else:
        feed.ephemeral(_ephemeral_frame(message))


def _ephemeral_frame(message: Message) -> str:
    """Return the frame that ``publish`` encoded, or encode what a plain ``group_send`` brought."""
    stream, name = message["stream"], message["name"]
    event_id = message.get("id") or uuid.uuid4().hex
    logger.info("deliver event=%s stream=%s name=%s", event_id, stream, name)
    frame = message.get("frame")
    if isinstance(frame, str):
        return frame
    data = frames.encode(message.get("data"))
    at = int(message.get("at") or time.time() * 1000)
    return frames.event(stream, name, data, event_id=event_id, at=at)


_hubs = PerLoop(Hub)


def running_hub() -> Hub:
    """Return the hub of the running event loop; the first call starts it."""
    return _hubs.current()
