"""A subscription whose client does not get every event, or gets its own fields with each."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from realtime.concurrency.timers import timers
from realtime.eventlog import LoggedEvent
from realtime.fanout.copies import Copies
from realtime.fanout.feed import Feed
from realtime.fanout.hub import Hub
from realtime.protocol import frames
from realtime.protocol.delivery import MAX_EPHEMERAL
from realtime.protocol.position import Position
from realtime.protocol.presence import PRESENCE_EVENT
from realtime.protocol.rules import Rules
from realtime.protocol.selection import Selected, Selection
from realtime.protocol.skips import Skip, Skips
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream
from realtime.subscriptions.application import ask
from realtime.subscriptions.state import LIVE, State
from realtime.subscriptions.subscription import Subscription

SKIP_WITHIN = 1.0
"""Seconds after which a client knows of events that are not for it, where none comes that is."""


class SelectiveSubscription(Subscription):
    """Hands its client the events that ``rules`` select for it.

    What is selected but does not fit into the socket is kept, and sent before the replay goes on.
    """

    __slots__ = (
        "_early",
        "_extra",
        "_loop",
        "_ready",
        "_rules",
        "_selection",
        "_skips",
        "_slot",
        "_values",
        "_wakes_at",
    )

    selects = True

    def __init__(
        self,
        socket: RealtimeSocket,
        stream: Stream,
        hub: Hub,
        rules: Rules,
    ) -> None:
        super().__init__(socket, stream, hub)
        self._rules = rules
        self._values: Mapping[str, Any] = {}
        self._extra = frames.encode(stream.given) if stream.given else ""
        self._ready: deque[Selected[Copies]] = deque()
        self._early: deque[Copies] = deque(maxlen=MAX_EPHEMERAL)
        """Ephemeral events that wait until the client is live."""
        self._loop = asyncio.get_running_loop()
        self._slot = 0
        self._wakes_at = math.inf
        self._start_after(self._position)

    async def start(
        self,
        after: Position | None,
        ref: int | str | None,
        deadline: float | None = None,
        *,
        with_members: bool = False,
    ) -> bool:
        """Answer a subscribe, when the values of the follower's fields are known.

        Raises ``TimeoutError`` if they are not at ``deadline`` of the loop's clock.
        """
        if self._rules.fields:
            self._values = await self._field_values(deadline)
        return await super().start(after, ref, deadline, with_members=with_members)

    def take(self, copies: Copies) -> bool:
        """Select from an event; False, with what is selected kept, where the socket is full."""
        if self._state is not LIVE:
            if self._state is not State.ENDED:
                self._early.append(copies)
            return True
        self._select(copies)
        return self._deliver_ready()

    def end(self, *, has_dropped: bool = False) -> None:
        """Follow no more; what is held is dropped."""
        super().end(has_dropped=has_dropped)
        self._early.clear()
        self._discard_timer()

    def skip_to(self, position: Position) -> None:
        """Pass over all events up to a position."""
        self._selection.skip_to(position.offset)
        self._position = position

    async def _field_values(self, deadline: float | None) -> Mapping[str, Any]:
        values = await ask(self._socket.login, self.stream.field_values, deadline=deadline)
        if not isinstance(values, Mapping):
            name = type(self.stream).__qualname__
            raise TypeError(f"{name}.field_values returned {values!r}, no dict.")
        return values

    @property
    def _seen(self) -> Position:
        """Up to where events were selected from; ``_position`` stays behind while it is live."""
        return self._position._replace(offset=self._selection.seen)

    def _start_after(self, position: Position) -> None:
        super()._start_after(position)
        self._selection = Selection[Copies](self._rules, self._values, position.offset)
        self._skips = Skips(position.offset)
        self._ready.clear()

    def _is_caught_up(self, feed: Feed) -> bool:
        return super()._is_caught_up(feed) and not self._ready

    async def _replay_page(self, feed: Feed) -> None:
        await self._socket.room()
        if self._state is not State.REPLAYING or self._socket.closing:
            return  # A reset came meanwhile.
        self._send_ready()
        if not super()._is_caught_up(feed):
            await super()._replay_page(feed)

    def _replay(self, event: LoggedEvent) -> None:
        if event.exclude != self.id:
            self._select(Copies(event, event.replayed_frame))
        self._selection.skip_to(event.offset)
        self._send_ready()

    def _go_live(self, feed: Feed) -> None:
        super()._go_live(feed)
        while self._early:
            self._select(self._early.popleft())
        if self._state is LIVE:
            self._hand_out()

    def _select(self, copies: Copies) -> None:
        event, offset, now = copies.event, copies.offset, self._loop.time()
        if event.exclude is not None and event.exclude == self.id:
            self._selection.skip_to(offset or 0)
        elif offset is not None and event.name == PRESENCE_EVENT:
            self._ready += self._selection.let_through(offset, copies, now)
        else:
            self._ready += self._selection.take(offset, event.name, copies.data, copies, now)

    def _hand_out(self) -> None:
        """Deliver what is ready and say what was passed over, or fall behind."""
        if self._deliver_ready():
            self._say(self._skips.to(self._selection.passed))
        elif self._feed is not None:
            self._feed.followers.set_back_one(self, self._seen)

    def _deliver_ready(self) -> bool:
        while self._ready:
            message = self._next_message()
            if not self._socket.deliver(message, len(message["text"])):
                return False
            self._sent()
        self._wake_later()
        return True

    def _send_ready(self) -> None:
        """Send in a replay, which has waited for room."""
        while self._ready:
            self._socket.send_text(self._next_message()["text"])
            self._sent()
        self._wake_later()

    def _next_message(self) -> dict[str, str]:
        offset, copies = self._ready[0]
        if offset is not None:
            self._say(self._skips.to(offset - 1))
        return copies.message(self._extra)

    def _sent(self) -> None:
        offset, copies = self._ready.popleft()
        if offset is not None:
            self._skips.hand_out(offset)
            if self._course is not None:
                self._course.handed_out(offset, self._loop.time())
        if copies.event.wants_receipt:
            self.ask_for_receipt(copies.event.id)

    def _say(self, skip: Skip | None) -> None:
        if skip is not None:
            self._socket.send_text(frames.skipped(self.stream.name, *skip))

    def _wake_later(self) -> None:
        """Set the timer for what is held, and for what the client does not know to be skipped."""
        selection = self._selection
        wake_at = selection.wake_at
        is_needed = self._wakes_at == math.inf or wake_at != math.inf
        if is_needed and selection.passed > self._skips.offset:
            wake_at = min(wake_at, self._loop.time() + SKIP_WITHIN)
        if wake_at < self._wakes_at:
            self._discard_timer()
            self._wakes_at = wake_at
            self._slot = timers.current().add(wake_at, self)

    def wake(self) -> None:
        """Hand out what is due, and say what was passed over."""
        self._wakes_at = math.inf
        self._ready += self._selection.wake(self._loop.time())
        if self._state is LIVE:
            self._hand_out()

    def _discard_timer(self) -> None:
        if self._wakes_at != math.inf:
            timers.current().discard(self._slot, self)
            self._wakes_at = math.inf
