"""The life of a socket that is open in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from realtime.concurrency.process import process_id
from realtime.protocol.hand_outs import HandOuts
from realtime.protocol.proofs import Proofs
from realtime.recorder.base import EndedBy, Life
from realtime.recorder.course import Course

MAX_USER_AGENT = 200
"""Characters that are kept of what a browser calls itself."""

APART = 0.002
"""Seconds between two followings of one stream; the stores tell them apart by milliseconds."""


class Closed(Protocol):
    """How this process has closed a socket."""

    @property
    def code(self) -> int:
        """The close code."""

    @property
    def at(self) -> float:
        """When, by the loop's clock."""


class Socket(Protocol):
    """What the recorder reads of a socket."""

    id: str
    proofs: Proofs | None

    @property
    def latency(self) -> float | None:
        """Seconds of the last round trip."""

    @property
    def closed(self) -> Closed | None:
        """How this process has closed it, None while it has not."""


@dataclass(slots=True)
class EndedSocket:
    """What is left of a socket that has ended, and whose memory is free."""

    id: str
    proofs: Proofs | None
    latency: float | None
    closed: Closed | None


class OpenLife:
    """A socket, its user and what it follows; times are of the loop's clock."""

    __slots__ = ("_wall", "courses", "has_ended", "opened_at", "socket", "user", "user_agent")

    def __init__(self, socket: Socket, user: str | None, user_agent: str, now: float) -> None:
        self.socket: Socket = socket
        self.user = user
        self.user_agent = _plain(user_agent)
        self.opened_at = now
        self.has_ended = False
        self.courses: list[Course] = []
        self._wall = time.time() - now
        """Once for all times of a life, which are written twice."""

    @property
    def id(self) -> str:
        """The socket's id."""
        return self.socket.id

    def follow(
        self, stream: str, epoch: str, after: int, hand_outs: HandOuts | None, now: float
    ) -> Course:
        """Begin to follow a stream, ``APART`` after the time before at the earliest."""
        for one in reversed(self.courses):
            if one.since < now - APART:
                break
            if one.stream == stream:
                now = one.since + APART
                break
        course = Course(stream, epoch, after, now, hand_outs)
        self.courses.append(course)
        return course

    def end(self) -> None:
        """Note that the socket has ended, and keep it no longer."""
        socket = self.socket
        self.has_ended = True
        self.socket = EndedSocket(socket.id, socket.proofs, socket.latency, socket.closed)

    def take_left(self, keep: int) -> list[Course]:
        """Take out the courses that have ended, if there are more than ``keep``."""
        ended = [course for course in self.courses if course.until is not None]
        if len(ended) <= keep:
            return []
        self.courses = [course for course in self.courses if course.until is None]
        return ended

    def was_handed(self, course: Course, offset: int) -> bool:
        """Tell whether an event was handed out before this process closed the socket."""
        closed = self.socket.closed
        return course.was_handed(offset, None if closed is None else closed.at)

    def begun(self, left: Sequence[Course] = ()) -> Life:
        """Return the beginning: what is followed, and what of ``left`` was handed out."""
        wall, proofs = self._wall, self.socket.proofs or Proofs()
        return Life(
            self.id,
            process_id(),
            self.user,
            self.user_agent,
            self.opened_at + wall,
            followings=(
                *[course.following(proofs, math.inf, wall) for course in left],
                *[course.begun(wall) for course in self.courses if course.until is None],
            ),
        )

    def as_life(
        self,
        now: float,
        code: int | None = None,
        ended_by: EndedBy | None = None,
        courses: Iterable[Course] | None = None,
    ) -> Life:
        """Return what is known ``now``: the end, if this process has closed the socket.

        ``code`` and ``ended_by`` are of an end that the other side has brought about. ``courses``
        are those that are wanted, None for all.
        """
        closed, proofs, wall = self.socket.closed, self.socket.proofs or Proofs(), self._wall
        if closed is not None:
            now, code, ended_by = min(now, closed.at), closed.code, EndedBy.SERVER
        followed = self.courses if courses is None else courses
        proved_at = proofs.last
        return Life(
            socket=self.id,
            process=process_id(),
            user=self.user,
            user_agent=self.user_agent,
            opened_at=self.opened_at + wall,
            ended_at=None if ended_by is None else now + wall,
            code=code,
            ended_by=ended_by,
            latency=self.socket.latency,
            proved_at=None if proved_at is None else proved_at + wall,
            followings=tuple([course.following(proofs, now, wall) for course in followed]),
        )


@lru_cache(1000)
def _plain(text: str) -> str:
    """Return one copy of a text that many have, as every store can take it."""
    return "".join(one if one.isprintable() else " " for one in text[:MAX_USER_AGENT])
