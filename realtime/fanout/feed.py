"""One followed stream in this process: its position in the log, and its newest events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from realtime.conf import realtime_settings
from realtime.eventlog import LoggedEvent
from realtime.eventlog.retention import retention_of
from realtime.exceptions import PositionLost
from realtime.fanout.followers import Followers
from realtime.fanout.log_reader import LogReader
from realtime.fanout.promptness import promptness
from realtime.fanout.recent_events import RecentEvents
from realtime.fanout.repair import Repair
from realtime.layer.messages import EphemeralEvent, Event
from realtime.logs import LIMITED, get_logger
from realtime.protocol.delivery import MAX_AHEAD, Delivery
from realtime.protocol.hand_outs import HandOuts
from realtime.protocol.position import NOWHERE, Position

logger = get_logger(__name__)

OVERTAKEN_AFTER = 0.05
"""Seconds that an event may be late behind a later one, before the log is read for it."""

FRESH_FOR = 0.25
"""Seconds after a check of the log for which those who come back are spared another one."""

MAX_REPAIR = 16 * 1024
"""Characters of missed events that go to all followers as if they had just been published."""


class Feed:
    """Hands the events of a stream to its followers, in the order of the log.

    ``reader`` is None where events are not kept. The stream is added to ``to_compare`` when the
    next check has to compare the feed with the log, even if that does not say that it has moved.
    """

    __slots__ = (
        "_checked_at",
        "_delivery",
        "_early",
        "_reader",
        "_recent",
        "_repair",
        "_to_compare",
        "followers",
        "hand_outs",
        "stream",
    )

    def __init__(
        self, stream: str, reader: LogReader | None, to_compare: set[str] | None = None
    ) -> None:
        self.stream = stream
        self.followers = Followers()
        self.hand_outs = _new_hand_outs()
        """When events were handed out, in this epoch; None where nobody wants to know later."""
        self._reader = reader
        self._to_compare = set() if to_compare is None else to_compare
        self._delivery: Delivery[Event] | None = None
        self._early: Sequence[LoggedEvent] = ()
        self._recent = RecentEvents(retention_of(stream))
        self._repair = Repair(self, reader)
        self._checked_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the feed knows its position."""
        return self._delivery is not None

    @property
    def position(self) -> Position:
        """Up to where events have been handed out."""
        return NOWHERE if self._delivery is None else self._delivery.position

    @property
    def has_hole(self) -> bool:
        """Whether events after ``position`` are known of that did not come."""
        return self._delivery is not None and self._delivery.has_hole

    @property
    def early(self) -> int:
        """How many events came before their turn; a read that began before one may lack it."""
        return 0 if self._delivery is None else self._delivery.early

    async def catch_up(self, seen: Position | None = None) -> None:
        """Come to where the log is now; raises what the log raises.

        Broadcasts keep the feed there too, so that no check is needed a short time after the last
        one, unless a client has ``seen`` more, or another epoch.
        """
        if not self._is_fresh(seen):
            await self.check_log()
        await self._repair.finished()

    def compare_later(self) -> None:
        """Have the next check compare the feed with the log."""
        self._to_compare.add(self.stream)

    def catch_up_soon(self) -> None:
        """Do what ``catch_up`` does, in the background."""
        if self._delivery is not None:
            self._repair.read_missing(wait=0, check_first=True)

    async def check_log(self) -> None:
        """Compare the feed with the log."""
        if self._reader is None:
            return
        before, began = self.position, asyncio.get_running_loop().time()
        await self.check(before, await self._reader.position(self.stream))
        self._checked_at = began

    async def check(self, before: Position, found: Position) -> None:
        """Take the position that was found in the log; the feed was at ``before`` when it asked."""
        if self._delivery is None:
            self._open(found)
        elif self.position.epoch != before.epoch:
            return  # A new epoch began during this check, which may be older than that.
        elif found.epoch == before.epoch and found.offset < before.offset:
            await self._repair.begin_epoch(before, beyond=before.offset)
        elif found.epoch != self.position.epoch:
            self.reset(found)
        else:
            self._delivery.announce(found.offset)
            self._mend(wait=0)

    def take(self, event: Event) -> None:
        """Take an event that was broadcast, which is a reason to read the log and no fact.

        The next one is handed out as it came, which keeps nobody from what the log holds.
        """
        if isinstance(event, EphemeralEvent):
            self._take_ephemeral(event)
        elif self._delivery is None:
            self._early = [*self._early, event][-MAX_AHEAD:]
        elif event.epoch != self.position.epoch:
            self.catch_up_soon()
        elif event.offset > self.position.offset:
            self._hand_out(self._delivery.take(event.offset, event))
            self._mend(wait=OVERTAKEN_AFTER)
        elif self.contradicts([event]):
            self._repair.compare(event.offset)

    def contradicts(self, events: Sequence[LoggedEvent]) -> bool:
        """Tell whether others than these were handed out lately at the same offsets."""
        return self._recent.contradict(events)

    async def since(self, after: Position) -> Sequence[LoggedEvent]:
        """Return the next events after a position, up to the feed's own.

        Raises ``PositionLost`` where the log no longer has them.
        """
        if after.epoch != self.position.epoch:
            raise PositionLost(self.stream)
        recent = self._recent.since(after.offset)
        if recent is not None:
            return recent
        assert self._reader is not None
        read = await self._reader.events(self.stream, after)
        events = [event for event in read if event.offset <= self.position.offset]
        if events and self.position == (after.epoch, events[-1].offset):
            self._recent.start_with(events)
        return events

    def read(self, events: Sequence[LoggedEvent]) -> None:
        """Take what the log had; where it is much, each follower gets it at its own pace."""
        assert self._delivery is not None
        if events[0].epoch != self.position.epoch:
            return  # A new epoch began during the read.
        if sum(len(event.frame) for event in events) > MAX_REPAIR:
            self.followers.set_back(self.position)
        self._hand_out(self._delivery.read((event.offset, event) for event in events))

    def nothing_follows(self) -> None:
        """Wait no more for what was announced: the log has nothing after ``position``."""
        assert self._delivery is not None
        logger.warning(
            "broadcast not in the log stream=%s top=%d",
            *(self.stream, self.position.offset),
            extra=LIMITED,
        )
        self._hand_out(self._delivery.checked(self.position.offset))

    def reset(self, position: Position) -> None:
        """Start again from ``position``: the log was cut or lost."""
        assert self._delivery is not None
        logger.warning("reset stream=%s from=%s to=%s", self.stream, self.position, position)
        self._recent = RecentEvents(retention_of(self.stream))
        self.hand_outs = _new_hand_outs()
        ephemeral = self._delivery.reset(position)
        self.followers.reset()
        self._hand_out(ephemeral)

    def close(self) -> None:
        """Stop what is under way."""
        self._repair.cancel()

    def _open(self, position: Position) -> None:
        self._delivery = Delivery(position)
        early, self._early = self._early, ()
        for event in early:
            self.take(event)

    def _is_fresh(self, seen: Position | None) -> bool:
        now = asyncio.get_running_loop().time()
        if self._delivery is None or now - self._checked_at > FRESH_FOR:
            return False
        position = self.position
        return seen is None or (seen.epoch == position.epoch and seen.offset <= position.offset)

    def _mend(self, *, wait: float) -> None:
        if self.has_hole or self._repair.is_disputed:
            self._repair.read_missing(wait=wait)

    def _take_ephemeral(self, event: EphemeralEvent) -> None:
        logger.info(
            "deliver event=%s stream=%s name=%s",
            *(event.id, event.stream, event.name),
            extra={"origin": event.origin},
        )
        if self._delivery is None:
            self._hand_out_ephemeral(event)
        else:
            self._hand_out(self._delivery.ephemeral(event))

    def _hand_out_ephemeral(self, event: EphemeralEvent) -> None:
        if followers := self.followers.deliver_ephemeral(event, self.position):
            promptness.handed_out(event, followers, self.followers)

    def _hand_out(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, EphemeralEvent):
                self._hand_out_ephemeral(event)
                continue
            self._recent.add(event)
            self._to_compare.add(self.stream)  # The log must have it, also later.
            if self.hand_outs is not None:
                self.hand_outs.add(event.offset, asyncio.get_running_loop().time())
            self._log_delivery(event)
            if followers := self.followers.deliver(event):
                promptness.handed_out(event, followers, self.followers)

    def _log_delivery(self, event: LoggedEvent) -> None:
        logger.info(
            "deliver event=%s stream=%s offset=%d name=%s sockets=%d",
            *(event.id, self.stream, event.offset, event.name, self.followers.live),
            extra={"origin": event.origin},
        )


def _new_hand_outs() -> HandOuts | None:
    return None if realtime_settings().RECORDER is False else HandOuts()
