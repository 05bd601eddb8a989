"""One followed stream in this process: its place in the log, its newest events, its followers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from realtime.concurrency.threads import call
from realtime.eventlog import EventLog, LoggedEvent
from realtime.fanout.followers import Follower
from realtime.fanout.log_reader import LogReader, Lost
from realtime.fanout.recent_events import RecentEvents
from realtime.protocol.delivery import MAX_AHEAD, Delivery
from realtime.protocol.position import NOWHERE, Position

logger = logging.getLogger(__name__)

OVERTAKEN_AFTER = 0.05
"""Seconds that a ring may be late behind a later one, before the log is read for it."""

FRESH_FOR = 0.25
"""Seconds after a look at the log for which those who come back are spared another one."""

REPAIR_BYTES = 16 * 1024
"""Bytes of missed events that are sent to all followers at once, as if they had just come."""


class Feed:
    """Hands the events of a stream to its followers, in the order of the log.

    A follower is ``waiting`` while it is brought up to the feed's position, and gets only what is
    ephemeral; then it is ``live``.
    """

    __slots__ = (
        "_delivery",
        "_early",
        "_log",
        "_looked_at",
        "_reader",
        "_recent",
        "_repair",
        "live",
        "stream",
        "waiting",
    )

    def __init__(self, stream: str, log: EventLog | None, reader: LogReader | None) -> None:
        self.stream = stream
        self.live: dict[Follower, None] = {}
        self.waiting: dict[Follower, None] = {}
        self._log = log
        self._reader = reader
        self._delivery: Delivery[LoggedEvent | str] | None = None
        self._early: list[LoggedEvent] = []
        self._recent = RecentEvents()
        self._repair: asyncio.Task[None] | None = None
        self._looked_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the feed knows where it is."""
        return self._delivery is not None

    @property
    def position(self) -> Position:
        """Up to where events have been handed on."""
        return NOWHERE if self._delivery is None else self._delivery.position

    def follow(self, follower: Follower) -> None:
        """Begin to follow, as one who waits."""
        self.waiting[follower] = None

    def go_live(self, follower: Follower) -> None:
        """Hand a follower that is at the feed's position all that comes from now on."""
        del self.waiting[follower]
        self.live[follower] = None

    def unfollow(self, follower: Follower) -> bool:
        """Follow no more; returns whether that was the last follower."""
        known = follower in self.live or follower in self.waiting
        self.live.pop(follower, None)
        self.waiting.pop(follower, None)
        return known and not self.live and not self.waiting

    async def refresh(self, seen: Position | None = None) -> None:
        """Come to where the log is now; raises what the log raises.

        Rings keep the feed there too, so that no look is needed a short time after the last one,
        unless a client has ``seen`` more, or another life of the stream.
        """
        if self._reader is not None and not self._is_fresh(seen):
            await self._look(self._reader)
        if self._repair is not None:
            await asyncio.wait({self._repair})

    def _is_fresh(self, seen: Position | None) -> bool:
        if self._delivery is None or time.monotonic() - self._looked_at > FRESH_FOR:
            return False
        position = self.position
        return seen is None or (seen.epoch == position.epoch and seen.offset <= position.offset)

    async def _look(self, reader: LogReader) -> None:
        before, began = self.position, time.monotonic()
        await self.checked(before, await reader.position(self.stream))
        self._looked_at = began

    def refresh_soon(self) -> None:
        """Do what ``refresh`` does, in the background."""
        if self._delivery is not None and self._reader is not None:
            self._mend(wait=0, refresh=True)

    async def checked(self, before: Position, found: Position) -> None:
        """Take what a look at the log found that began when the feed was at ``before``."""
        assert self._log is not None
        if self._delivery is None:
            self._delivery = Delivery(found)
            early, self._early = self._early, []
            for event in early:
                self.ring(event)
        elif self.position.epoch != before.epoch:
            return  # It began anew during this look, which may be older than that.
        elif found.epoch == before.epoch and found.offset < before.offset:
            await self._renew(found.epoch)
        elif found.epoch != self.position.epoch:
            self._reset(found)
        else:
            self._delivery.checked(found.offset)
            self._mend(wait=0)

    async def _renew(self, epoch: str) -> None:
        """Begin a new life, since the log of this one went back."""
        assert self._log is not None
        logger.error("log went back stream=%s from=%s", self.stream, self.position)
        renewed = await call(self._log.renew, self.stream, epoch)
        if self.position.epoch == epoch:
            self._reset(renewed)

    def ring(self, event: LoggedEvent) -> None:
        """Take an event that a ring brought."""
        if self._delivery is None:
            self._early = [*self._early, event][-MAX_AHEAD:]
        elif event.epoch != self.position.epoch:
            self.refresh_soon()
        elif event.offset <= self.position.offset:
            if self._recent.contradict(event) and self._repair is None:
                self._start_repair(partial(self._renew, self.position.epoch))
        else:
            self._hand_on(self._delivery.take(event.offset, event))
            self._mend(wait=OVERTAKEN_AFTER)

    def ephemeral(self, text: str) -> None:
        """Take an encoded event that is not kept."""
        self._hand_on([text] if self._delivery is None else self._delivery.ephemeral(text))

    async def since(self, after: Position) -> Sequence[LoggedEvent]:
        """Return the next events after a position, up to the feed's; raises ``Lost``."""
        if after.epoch != self.position.epoch:
            raise Lost(self.stream)
        recent = self._recent.since(after.offset)
        if recent is not None:
            return recent
        assert self._reader is not None
        read = await self._reader.events(self.stream, after)
        events = [event for event in read if event.offset <= self.position.offset]
        if events and self.position == (after.epoch, events[-1].offset):
            self._recent.start_with(events)
        return events

    def close(self) -> None:
        """Stop what is under way."""
        if self._repair is not None:
            self._repair.cancel()

    def _mend(self, *, wait: float, refresh: bool = False) -> None:
        assert self._delivery is not None
        if self._repair is None and (refresh or self._delivery.has_hole):
            self._start_repair(partial(self._read_missing, wait, refresh))

    def _start_repair(self, work: Callable[[], Awaitable[None]]) -> None:
        self._repair = asyncio.create_task(self._do_repair(work))

    async def _do_repair(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            logger.error("log not read stream=%s error=%r", self.stream, error)
        finally:
            self._repair = None

    async def _read_missing(self, wait: float, refresh: bool) -> None:
        assert self._delivery is not None and self._reader is not None
        await asyncio.sleep(wait)
        if refresh:
            await self._look(self._reader)
        try:
            await self._fill(self._reader, self._delivery)
        except Lost:
            self._reset(await self._reader.position(self.stream))

    async def _fill(self, reader: LogReader, delivery: Delivery[LoggedEvent | str]) -> None:
        while delivery.has_hole:
            events = await reader.events(self.stream, self.position)
            self._repair_with(events)
            if not events:
                return  # The top was rung, but a replica lags: the next check asks again.

    def _repair_with(self, events: Sequence[LoggedEvent]) -> None:
        """Hand on what the log had; much of it is left to each follower's own pace."""
        assert self._delivery is not None
        if sum(len(event.frame) for event in events) > REPAIR_BYTES:
            for follower in list(self.live):
                self._set_back(follower, self.position)
        self._hand_on(self._delivery.read((event.offset, event) for event in events))

    def _hand_on(self, events: Sequence[LoggedEvent | str]) -> None:
        for event in events:
            if isinstance(event, str):
                self._send_ephemeral(event)
            else:
                self._recent.add(event)
                self._say_delivered(event)
                message = {"type": "websocket.send", "text": event.frame}
                for follower in list(self.live):
                    if not follower.deliver(message, len(event.frame)):
                        self._set_back(follower, Position(event.epoch, event.offset - 1))

    def _send_ephemeral(self, text: str) -> None:
        message = {"type": "websocket.send", "text": text}
        for follower in [*self.live, *self.waiting]:
            if not follower.deliver(message, len(text)):
                self._set_back(follower, self.position)
                follower.deliver(message, len(text))

    def _set_back(self, follower: Follower, place: Position) -> None:
        if follower in self.live:
            del self.live[follower]
            self.waiting[follower] = None
            follower.fall_behind(place)

    def _say_delivered(self, event: LoggedEvent) -> None:
        logger.info(
            "deliver event=%s stream=%s offset=%d name=%s sockets=%d",
            event.id,
            self.stream,
            event.offset,
            event.name,
            len(self.live),
        )

    def _reset(self, position: Position) -> None:
        assert self._delivery is not None
        logger.warning("reset stream=%s from=%s to=%s", self.stream, self.position, position)
        self._recent = RecentEvents()
        ephemeral = self._delivery.reset(position)
        for follower in self.live:
            self.waiting[follower] = None
        self.live.clear()
        for follower in list(self.waiting):
            follower.reset()
        self._hand_on(ephemeral)
