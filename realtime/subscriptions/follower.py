"""A socket among the followers of a feed: brought up to the present from the log, then live."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from realtime.conf import realtime_settings
from realtime.counters import EVENTS_REPLAYED, RESETS
from realtime.eventlog import LoggedEvent
from realtime.exceptions import PositionLost, SignedOut
from realtime.fanout.copies import Copies
from realtime.fanout.feed import Feed
from realtime.logs import LIMITED, get_logger
from realtime.protocol import frames
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.delivery import MAX_EPHEMERAL
from realtime.protocol.position import NOWHERE, Position
from realtime.receipts.notes import running_notes
from realtime.recorder.course import Course
from realtime.recorder.recorder import running_recorder
from realtime.sockets.asgi import Message
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream
from realtime.subscriptions import presence
from realtime.subscriptions.application import JSON_DEFAULT, ask
from realtime.subscriptions.state import LIVE, State

logger = get_logger(__name__)

LAG = 0.5
"""Seconds until a log is read again that has less than was broadcast: a replica that lags."""


class SocketFollower:
    """Follows a feed for a socket, which is the ``Follower`` that the feed knows.

    It has a position of its own in the stream. While that is behind the feed's, a task replays what
    is between; when it has caught up, the feed hands over what comes.
    """

    __slots__ = (
        "_course",
        "_feed",
        "_held",
        "_position",
        "_socket",
        "_state",
        "_task",
        "stream",
    )

    selects = False

    def __init__(self, socket: RealtimeSocket, stream: Stream) -> None:
        self.stream = stream
        self._socket = socket
        self._state = State.STARTING
        self._feed: Feed | None = None
        self._course: Course | None = None
        self._position = NOWHERE
        self._held: deque[tuple[Message, int]] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """The socket's id."""
        return self._socket.id

    def deliver(self, message: Message, size: int) -> bool:
        """Hand an encoded event of ``size`` bytes to the socket; hold it until the client is live.

        Returns False where the socket has too much in flight to take it.
        """
        if self._state is LIVE:
            return self._socket.deliver(message, size)
        if self._state is State.ENDED:
            return True
        if self._held is None:
            self._held = deque(maxlen=MAX_EPHEMERAL)
        self._held.append((message, size))
        return True

    def take(self, copies: Copies) -> bool:
        """Deliver an event as it is: this follower gets all of them."""
        message = copies.message("")
        return self.deliver(message, len(message["text"]))

    def when_proved(self, then: Callable[[], None]) -> None:
        """Call ``then`` once the client is proved to have all that it was sent so far."""
        self._socket.when_proved(then)

    def ask_for_receipt(self, event_id: str) -> None:
        """Have it noted when the client proves that it received an event that it was handed."""
        socket = self._socket
        note = partial(running_notes().received, event_id, socket.id, socket.login.me)
        socket.when_proved(note, soon=True)

    def skip(self, offset: int) -> None:
        """Move the client over an event that is not for it."""
        self._socket.send_text(frames.skipped(self.stream.name, offset - 1, offset))

    def fall_behind(self, position: Position) -> None:
        """Replay what follows ``position``, at the pace of the socket."""
        assert self._feed is not None
        if self._course is not None:
            self._course.behind(position.offset, self._now())
        self._position = position
        self._state = State.REPLAYING
        self._catch_up(self._feed)

    def reset(self) -> None:
        """Start again from the feed's position: the log was cut or lost."""
        if self._state in (State.REPLAYING, State.LIVE):
            assert self._feed is not None
            self._state = State.REBUILDING
            self._end_course()
            self._catch_up(self._feed)

    def _start_after(self, position: Position) -> None:
        self._position = position

    def _lose(self, feed: Feed) -> None:
        """Start again: the log lacks what follows the client's position."""
        self._state = State.REBUILDING
        self._end_course()

    def _is_caught_up(self, feed: Feed) -> bool:
        return self._position == feed.position

    async def _snapshot(self, deadline: float | None) -> Any:
        if type(self.stream).snapshot is Stream.snapshot:
            return None
        return await ask(self._socket.login, self.stream.snapshot, deadline=deadline)

    def _catch_up(self, feed: Feed) -> None:
        """Have a task do what is needed until the client is live, unless it does so already."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(feed))

    async def _run(self, feed: Feed) -> None:
        try:
            while self._state in (State.REPLAYING, State.REBUILDING) and not self._socket.closing:
                if self._state is State.REBUILDING:
                    await self._rebuild(feed)
                elif self._is_caught_up(feed):
                    self._go_live(feed)
                else:
                    await self._replay_page(feed)
        except SignedOut:
            self._socket.close(CloseCode.SIGNED_OUT)
        except Exception:
            about = self._socket.id, feed.stream
            logger.exception("replay failed socket=%s stream=%s", *about, extra=LIMITED)
            if self._state is not State.ENDED:
                # The client comes back, and gets the error when it subscribes.
                self._socket.close(CloseCode.RESTARTING)
        finally:
            self._task = None

    async def _replay_page(self, feed: Feed) -> None:
        try:
            events = await feed.since(self._position)
        except PositionLost:
            if self._state is State.REPLAYING:
                self._lose(feed)
            return
        if not events:
            await asyncio.sleep(LAG)
        before = self._position.offset
        try:
            for event in events:
                await self._socket.room()
                if self._state is not State.REPLAYING or self._socket.closing:
                    return  # A reset came meanwhile.
                self._replay(event)
                self._position = self._position._replace(offset=event.offset)
        finally:
            EVENTS_REPLAYED.add(count=self._position.offset - before)
            if self._course is not None:
                self._course.replayed(self._position.offset, self._now())

    def _replay(self, event: LoggedEvent) -> None:
        if event.exclude == self.id:
            self.skip(event.offset)
        else:
            self._socket.send_text(event.replayed_frame)
            if event.wants_receipt:
                self.ask_for_receipt(event.id)

    async def _rebuild(self, feed: Feed) -> None:
        await self._socket.room()
        position = feed.position
        deadline = asyncio.get_running_loop().time() + realtime_settings().COMMAND_TIMEOUT
        snapshot = await self._snapshot(deadline)
        members = await presence.members(self.stream, deadline)
        if self._state is State.REBUILDING and feed.position.epoch == position.epoch:
            self._socket.send_text(
                frames.reset(feed.stream, position, snapshot, members, JSON_DEFAULT)
            )
            RESETS.add()
            self._start_after(position)
            self._begin_course(feed)
            self._state = State.REPLAYING

    def _go_live(self, feed: Feed) -> None:
        if self._socket.closing:
            return
        feed.followers.go_live(self)
        self._state = LIVE
        if self._course is not None:
            self._course.live(feed.position.offset, self._now())
        held, self._held = self._held or (), None
        for message, size in held:
            self._socket.deliver(message, size)

    def _begin_course(self, feed: Feed) -> None:
        """Have the recorder note what comes after the position, if it records this socket."""
        self._end_course()
        hand_outs = None if self.selects else feed.hand_outs
        where = self.stream.name, self._position, hand_outs
        self._course = running_recorder().followed(self.id, *where)

    def _end_course(self, *, has_dropped: bool = False) -> None:
        if self._course is not None:
            self._course.end(self._now(), has_dropped=has_dropped)
            self._course = None

    def _now(self) -> float:
        """Return the loop's time; nothing was handed out after this end has closed the socket."""
        closed = self._socket.closed
        return asyncio.get_running_loop().time() if closed is None else closed.at
