"""What is followed in this process: one hub for each event loop, the only reader of the layer."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.process import whole_process_id
from realtime.counters import LAYER_UP, LOG_UP, REPLAYS, read_all
from realtime.eventlog import event_log
from realtime.fanout.feed import Feed
from realtime.fanout.followers import Follower
from realtime.fanout.log_reader import LogReader
from realtime.fanout.log_watch import LogWatch
from realtime.fanout.membership import LEFT, FollowedStream
from realtime.layer.control import Control, control_in, is_control
from realtime.layer.groups import every_hub
from realtime.layer.messages import Message
from realtime.layer.question_messages import is_question_or_answer
from realtime.layer.questions import Answerer, running_questions
from realtime.layer.reading import events_in
from realtime.layer.shards import link_to_layer
from realtime.protocol.position import Position

COUNTS = "counts"
"""The kind of question about what a process has counted; ``about`` names its host."""


class ControlListener(Protocol):
    """The role of what carries out messages about rights, for the sockets of this loop."""

    def control(self, control: Control) -> None:
        """Carry out what a message asks for."""

    def controls_lost(self) -> None:
        """Look for oneself: the channel layer was away, and may have lost some."""


class Hub:
    """The streams that this process follows."""

    def __init__(self) -> None:
        log = event_log()
        self._streams: dict[str, FollowedStream] = {}
        self._reader = None if log is None else LogReader(log)
        self._to_compare: set[str] = set()
        self._log_watch = None if log is None else LogWatch(log, self, self._to_compare)
        self._listeners: list[ControlListener] = []
        self._link = link_to_layer(self._groups, self.deliver, self._repaired)
        self._questions = running_questions()
        self._questions.use(self._link)
        self.answer(COUNTS, _counts)

    @property
    def is_layer_up(self) -> bool | None:
        """Whether the channel layer works; None before the first probe of it."""
        return self._link.is_up

    @property
    def is_log_up(self) -> bool | None:
        """Whether the event log has answered the last check; None before it, and without a log."""
        return None if self._log_watch is None else self._log_watch.is_up

    @property
    def waiting(self) -> int:
        """How many followers are being brought up to the present."""
        return sum(one.feed.followers.waiting for one in list(self._streams.values()))

    def listen(self, listener: ControlListener) -> None:
        """Hand a listener the messages about rights from now on."""
        self._listeners.append(listener)

    def answer(self, kind: str, answerer: Answerer) -> None:
        """Answer other processes' questions of a kind: see ``Questions.answer``."""
        self._questions.answer(kind, answerer)

    async def follow(self, stream: str, follower: Follower, seen: Position | None = None) -> Feed:
        """Begin to follow a stream; returns its feed once events arrive and its position is known.

        ``seen`` is the position up to which the follower's client has seen events.

        While the channel layer is down it is not waited for: the checks of the log bring events.
        Raises what the log raises.
        """
        followed = self._streams.get(stream)
        if followed is None or followed.membership is LEFT:
            feed = Feed(stream, self._reader, self._to_compare)
            followed = FollowedStream(feed, self._link, self._left, predecessor=followed)
            self._streams[stream] = followed
        followed.feed.followers.add(follower)
        followed.stay()
        await followed.joined()
        await followed.feed.catch_up(seen)
        return followed.feed

    def unfollow(self, stream: str, follower: Follower) -> None:
        """Hand ``follower`` nothing more; harmless for one that does not follow."""
        followed = self._streams.get(stream)
        if followed is not None and followed.feed.followers.remove(follower):
            followed.leave_later()

    def followed(self) -> list[str]:
        """Return the names of the streams that are followed, or were just now."""
        return list(self._streams)

    def feed(self, stream: str) -> Feed | None:
        """Return the feed of a stream, None for one that is not followed."""
        followed = self._streams.get(stream)
        return None if followed is None or followed.membership is LEFT else followed.feed

    def followers(self, stream: str) -> int:
        """Return how many follow a stream here."""
        followed = self._streams.get(stream)
        return 0 if followed is None else len(followed.feed.followers)

    def deliver(self, message: Message) -> None:
        """Hand on what a message of the channel layer carries: events, or what is asked for."""
        events = events_in(message, self._streams)
        for event in events:
            followed = self._streams.get(event.stream)
            if followed is not None and followed.membership is not LEFT:
                followed.feed.take(event)
        if not events:
            self._deliver_other(message)

    async def check(self) -> None:
        """Compare every feed with the log."""
        if self._log_watch is not None:
            await self._log_watch.check()

    def _deliver_other(self, message: Message) -> None:
        if is_question_or_answer(message):
            self._questions.take(message)
        elif is_control(message) and (control := control_in(message)) is not None:
            for listener in self._listeners:
                listener.control(control)

    def _repaired(self) -> None:
        if self._log_watch is not None:
            self._log_watch.check_soon()
        for listener in self._listeners:
            listener.controls_lost()

    def _groups(self) -> list[str]:
        followed = self._streams.values()
        return [every_hub(), *(one.group for one in followed if one.membership is not LEFT)]

    def _left(self, followed: FollowedStream) -> None:
        if self._streams.get(followed.feed.stream) is followed:
            del self._streams[followed.feed.stream]


_hubs = PerLoop(Hub)


def running_hub() -> Hub:
    """Return the hub of the running event loop; the first call starts it."""
    return _hubs.current()


def all_hubs() -> list[Hub]:
    """Return the hubs of this process, from any thread; starts none."""
    return _hubs.all()


def _counts(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what this process has counted, where its host is asked."""
    if about.get("host") != socket.gethostname():
        return None
    return {"process": whole_process_id(), "pid": os.getpid(), "counts": read_all()}


def _worst(states: Iterable[bool | None]) -> dict[str, float]:
    """Return 1 where all are up and 0 where one is down; nothing where nobody knows."""
    known = [state for state in states if state is not None]
    return {"": float(all(known))} if known else {}


LAYER_UP.read_from(lambda: _worst(hub.is_layer_up for hub in all_hubs()))
LOG_UP.read_from(lambda: _worst(hub.is_log_up for hub in all_hubs()))
REPLAYS.read_from(lambda: {"": sum(hub.waiting for hub in all_hubs())})
