"""Who follows a stream in this process, and which of them are up to date."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from realtime.eventlog import LoggedEvent
from realtime.fanout.copies import Copies
from realtime.layer.messages import EphemeralEvent
from realtime.protocol.position import Position


class Follower(Protocol):
    """The role of whatever follows a stream: a WebSocket's subscription, for one."""

    @property
    def selects(self) -> bool:
        """Whether it ``take``s events, to choose among them; all others have them delivered."""

    @property
    def id(self) -> str:
        """What ``publish(exclude=...)`` calls it."""

    def deliver(self, message: Any, size: int) -> bool:
        """Take an encoded event, a ``websocket.send`` of ``size`` bytes; False refuses it."""

    def take(self, copies: Copies) -> bool:
        """Take an event, to choose and to encode; False asks to catch up after it."""

    def when_proved(self, then: Callable[[], None]) -> None:
        """Call ``then`` once all that was delivered so far is proved to have arrived, if ever."""

    def ask_for_receipt(self, event_id: str) -> None:
        """Have it noted when an event that was delivered has been received."""

    def skip(self, offset: int) -> None:
        """Pass over the event with this offset, which is for all others."""

    def fall_behind(self, position: Position) -> None:
        """Catch up from ``position`` at one's own pace: what follows it will not be delivered."""

    def reset(self) -> None:
        """Start again from the feed's position: the log was cut or lost."""


class Followers:
    """The followers of one stream.

    A follower waits while it is brought up to the feed's position, and gets only what is
    ephemeral; then it is live. The order is that in which they came.
    """

    __slots__ = ("_live", "_selective", "_waiting")

    def __init__(self) -> None:
        self._live: dict[Follower, None] = {}
        self._selective: dict[Follower, None] = {}
        """Those that are live and select."""
        self._waiting: dict[Follower, None] = {}

    @property
    def live(self) -> int:
        """How many are up to date."""
        return len(self._live) + len(self._selective)

    @property
    def waiting(self) -> int:
        """How many are being brought up to date."""
        return len(self._waiting)

    def any_live(self) -> Follower | None:
        """Return one, by chance, of those that are up to date and get every event."""
        return random.choice(list(self._live)) if self._live else None

    def __len__(self) -> int:
        return self.live + len(self._waiting)

    def add(self, follower: Follower) -> None:
        """Add one that waits."""
        self._waiting[follower] = None

    def go_live(self, follower: Follower) -> None:
        """Hand one that is at the feed's position all that comes from now on."""
        del self._waiting[follower]
        if not self._waiting:
            self._waiting.clear()  # An emptied dict keeps 100 bytes that a cleared one does not.
        self._home(follower)[follower] = None

    def remove(self, follower: Follower) -> bool:
        """Remove one; returns whether that was the last one."""
        home = self._home(follower)
        known = follower in home or follower in self._waiting
        home.pop(follower, None)
        self._waiting.pop(follower, None)
        return known and not self._live and not self._selective and not self._waiting

    def deliver(self, event: LoggedEvent) -> int:
        """Hand an event to those that are live; one that can't take it falls behind.

        Returns how many took it.
        """
        message = {"type": "websocket.send", "text": event.frame}
        followers = list(self._live)
        if event.exclude is not None:
            followers = _skipping(event.exclude, event.offset, followers)
        taken = len(followers)
        for follower in followers:
            if not follower.deliver(message, len(event.frame)):
                taken -= 1
                self.set_back_one(follower, Position(event.epoch, event.offset - 1))
        if event.wants_receipt:
            for follower in followers:
                if follower in self._live:  # Those that could not take it have fallen behind.
                    follower.ask_for_receipt(event.id)
        if self._selective:
            taken += len(self._selective)
            self._offer(Copies(event, event.frame), Position(event.epoch, event.offset))
        return taken

    def deliver_ephemeral(self, event: EphemeralEvent, position: Position) -> int:
        """Hand an event that is not kept to all; one that can't take it holds it.

        ``position`` is the feed's. Returns how many got it.
        """
        followers, selective = list(self._live), list(self._selective)
        for one in self._waiting:
            (selective if one.selects else followers).append(one)
        if event.exclude is not None:
            followers = [one for one in followers if one.id != event.exclude]
            selective = [one for one in selective if one.id != event.exclude]
        message, size = {"type": "websocket.send", "text": event.frame}, len(event.frame)
        for follower in followers:
            if not follower.deliver(message, size):
                self.set_back_one(follower, position)
                follower.deliver(message, size)
        if selective:
            copies = Copies(event, event.frame)
            for follower in selective:
                self._offer_one(follower, copies, position)
        return len(followers) + len(selective)

    def set_back(self, position: Position) -> None:
        """Let all that are live catch up from ``position`` at their own pace."""
        for follower in [*self._live, *self._selective]:
            self.set_back_one(follower, position)

    def set_back_one(self, follower: Follower, position: Position) -> None:
        """Let one that is live catch up from ``position``; harmless for one that is not."""
        home = self._home(follower)
        if follower in home:
            del home[follower]
            self._waiting[follower] = None
            follower.fall_behind(position)

    def reset(self) -> None:
        """Let all start again from the feed's position."""
        self._waiting |= self._live | self._selective
        self._live.clear()
        self._selective.clear()
        for follower in list(self._waiting):
            follower.reset()

    def _home(self, follower: Follower) -> dict[Follower, None]:
        return self._selective if follower.selects else self._live

    def _offer(self, copies: Copies, position: Position) -> None:
        for follower in list(self._selective):
            self._offer_one(follower, copies, position)

    def _offer_one(self, follower: Follower, copies: Copies, position: Position) -> None:
        if not follower.take(copies):
            self.set_back_one(follower, position)


def _skipping(excluded: str, offset: int, followers: Sequence[Follower]) -> list[Follower]:
    """Return the followers that get an event, and have the others pass over it."""
    for follower in followers:
        if follower.id == excluded:
            follower.skip(offset)
    return [follower for follower in followers if follower.id != excluded]
