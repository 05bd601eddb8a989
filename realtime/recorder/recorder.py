"""What this process knows of its sockets: one recorder for each event loop."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import run_record
from realtime.conf import realtime_settings
from realtime.logs import LIMITED, get_logger
from realtime.protocol.hand_outs import HandOuts
from realtime.protocol.position import Position
from realtime.protocol.proofs import Proofs
from realtime.recorder.base import EndedBy, Life, RecorderBackend
from realtime.recorder.configured import recorder_backend
from realtime.recorder.course import Course
from realtime.recorder.open_life import OpenLife, Socket
from realtime.recorder.remembered import RememberedLives
from realtime.recorder.wire import life_to_json
from realtime.recorder.writer import Writer

logger = get_logger(__name__)

MAX_LEFT = 100
"""Streams that a socket has left and that its life keeps; more are written before its end."""

MAX_LIVES = 500
"""Lives in one answer."""

TURN = 0.005
"""Seconds of an answer after which others have their turn."""

PRUNE_EVERY = 600.0
"""Seconds between two prunings of the store by one process."""

SERVICE_RESTART = 1012
"""The code that Uvicorn has for sockets which it closes because it ends; no client can send it."""


class Recorder:
    """Notes what becomes of each socket, and waits for nothing; where it is off, notes nothing."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._backend = recorder_backend()
        self._open: dict[str, OpenLife] = {}
        self._courses: dict[str, dict[Course, OpenLife]] = {}
        """Of open sockets, by stream; those that have ended too."""
        self._remembered = RememberedLives()
        self._writer: Writer | None = None
        self._pruning: asyncio.Task[None] | None = None

    def opened(self, socket: Socket, user: str | None, user_agent: str) -> None:
        """Note a socket whose user has signed in; ``user`` is the name of their own stream.

        None is a visitor's.
        """
        if self._backend is not None:
            socket.proofs = Proofs()
            life = OpenLife(socket, user, user_agent, self._loop.time())
            self._open[life.id] = life
            self._running_writer(self._backend).opened(life)

    def followed(
        self, socket: str, stream: str, position: Position, hand_outs: HandOuts | None
    ) -> Course | None:
        """Note that a socket follows a stream, and has what comes up to ``position`` already.

        ``hand_outs`` are those of the feed, None for a subscription that selects. Returns None
        for a socket that is not recorded.
        """
        life = self._open.get(socket)
        if life is None:
            return None
        where = stream, position.epoch, position.offset
        course = life.follow(*where, hand_outs, self._loop.time())
        self._courses.setdefault(stream, {})[course] = life
        if left := life.take_left(MAX_LEFT):
            self._write_left(life, left)
        return course

    def ended(self, socket: str, code: int | None) -> None:
        """Note the end of a socket, and the ``code`` that came; None where its server ended it.

        A socket that this process has closed has a code of its own.
        """
        life = self._open.pop(socket, None)
        if life is None or self._writer is None:
            return
        by_server = code is None or code == SERVICE_RESTART
        ended_by = EndedBy.SERVER if by_server else EndedBy.CLIENT
        now = self._loop.time()
        over = life.as_life(now, code, ended_by)
        _log_unproved(over)
        life.end()
        self._forget(life.courses)
        self._writer.ended(over)
        self._remembered.add(over, now)

    async def stop(self) -> None:
        """Write all, and that this process ends."""
        if self._writer is not None:
            await self._writer.stop()

    def lives(
        self,
        stream: str | None = None,
        user: str | None = None,
        after: str = "",
        limit: int = MAX_LIVES,
    ) -> list[Life]:
        """Return the lives of this process as of now: those that are open, or were a moment ago.

        Only those that followed ``stream``, with that alone, or the sockets of ``user``. They are
        in the order of their sockets' ids, at most ``limit`` of them that come ``after`` one.
        """
        return [life() for life in self._lives(stream, user, after, limit)]

    def _lives(
        self, stream: str | None, user: str | None, after: str, limit: int
    ) -> list[Callable[[], Life]]:
        now = self._loop.time()
        found: dict[str, OpenLife | Life]
        if stream is None:
            found = {life.socket: life for life in self._remembered.all(now)} | self._open
        else:
            found = {life.socket: life for life in self._remembered.of(stream, now)}
            found |= {life.id: life for life in self._courses.get(stream, {}).values()}
        if user is not None:
            found = {name: life for name, life in found.items() if life.user == user}
        chosen = sorted(name for name in found if name > after)[:limit]
        return [partial(_as_life, found[name], stream, now) for name in chosen]

    def was_handed(self, stream: str, epoch: str, offset: int, exclude: str | None = None) -> bool:
        """Tell whether a socket was handed an event: one that is open, or was a moment ago.

        ``exclude`` is the socket that did not get the event. A stream whose class selects events
        may have dropped the memory of a single one; then this is True.
        """
        for course, life in self._courses.get(stream, {}).items():
            if course.epoch == epoch and life.id != exclude and life.was_handed(course, offset):
                return True
        return any(
            following.stream == stream
            and following.epoch == epoch
            and following.step_of(offset) is not None
            for life in self._remembered.of(stream, self._loop.time())
            if life.socket != exclude
            for following in life.followings
        )

    def is_followed(self, stream: str, exclude: str | None = None) -> bool:
        """Tell whether an open socket, other than one with the id ``exclude``, follows a stream."""
        return any(
            course.until is None and life.socket.closed is None and life.id != exclude
            for course, life in self._courses.get(stream, {}).items()
        )

    def is_selected_from(self, stream: str) -> bool:
        """Tell whether an open socket follows a stream, and passes over some of its events."""
        courses = self._courses.get(stream, {})
        return any(one.selects and one.until is None for one in courses)

    async def answer_lives(self, about: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Answer another process's question for lives, as JSON: ``about`` has what ``lives`` takes.

        Five hundred take a tenth of a second, in which sockets have their turns. Raises
        ``TypeError`` or ``ValueError`` for anything else.
        """
        after, limit = str(about.get("after", "")), int(about.get("limit", MAX_LIVES))
        found: list[dict[str, Any]] = []
        turn_ends = time.perf_counter() + TURN
        whose = about.get("stream"), about.get("user")
        for life in self._lives(*whose, after, min(limit, MAX_LIVES)):
            found.append(life_to_json(life()))
            if time.perf_counter() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.perf_counter() + TURN
        return found

    def _running_writer(self, backend: RecorderBackend) -> Writer:
        if self._writer is None:
            self._writer = Writer(backend)
            self._pruning = asyncio.create_task(_prune_forever(backend), name="realtime-records")
        return self._writer

    def _write_left(self, life: OpenLife, left: list[Course]) -> None:
        self._forget(left)
        if self._writer is not None:
            self._writer.left(life.begun(left))

    def _forget(self, courses: Iterable[Course]) -> None:
        for course in courses:
            of_stream = self._courses[course.stream]
            del of_stream[course]
            if not of_stream:
                del self._courses[course.stream]


def _log_unproved(life: Life) -> None:
    """Say which events may not have arrived; who comes back gets them from the log."""
    for one in life.followings:
        if one.handed > one.proved:
            about = life.socket, one.stream, one.proved + 1, one.handed
            logger.info("ended unproved socket=%s stream=%s from=%d to=%d", *about, extra=LIMITED)


def _as_life(life: OpenLife | Life, stream: str | None, now: float) -> Life:
    if isinstance(life, OpenLife):
        wanted = None
        if stream is not None:
            wanted = [one for one in life.courses if one.stream == stream]
        return life.as_life(now, courses=wanted)
    if stream is None:
        return life
    followings = tuple(one for one in life.followings if one.stream == stream)
    return replace(life, followings=followings)


async def _prune_forever(backend: RecorderBackend) -> None:
    await asyncio.sleep(random.random() * PRUNE_EVERY)
    while True:
        try:
            await run_record(backend.prune, realtime_settings().RECORD_AGE)
        except Exception as error:
            logger.error("records not pruned error=%r", error)
        await asyncio.sleep(PRUNE_EVERY)


_recorders = PerLoop(Recorder)


def running_recorder() -> Recorder:
    """Return the recorder of the running event loop."""
    return _recorders.current()
