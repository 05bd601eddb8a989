"""The sockets of this process, as all processes are to know them: one roster per event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from realtime.concurrency.joined_reads import JoinedReads
from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import run_sync
from realtime.conf import realtime_settings
from realtime.logs import get_logger
from realtime.roster.base import (
    ONLINE,
    Member,
    OpenSocket,
    PresenceBackend,
    Present,
)
from realtime.roster.configured import presence_backend
from realtime.roster.difference import Changes, Difference
from realtime.roster.sweeper import Sweeper
from realtime.roster.writer import Writer

logger = get_logger(__name__)

OnArrivals = Callable[[Mapping[str, Sequence[OpenSocket]]], None]
"""Gets the open sockets of users, by primary key as text, the oldest first."""


class Roster:
    """Notes who comes and goes, and waits for nothing; where presence is off, nothing is noted.

    Users are named by their primary keys as text. It begins to work with the first socket.
    """

    def __init__(self) -> None:
        self._backend = presence_backend()
        self._members = Difference()
        self._reads = JoinedReads[Sequence[Present]](self._read)
        self._on_arrivals: OnArrivals | None = None
        self._writer: Writer | None = None
        self._sweeper: Sweeper | None = None

    def watch(self, on_arrivals: OnArrivals) -> None:
        """Call ``on_arrivals`` with all sockets of users one of whose sockets has just arrived."""
        self._on_arrivals = on_arrivals

    def arrived(self, socket: str, user: str, stream: str = ONLINE, *, meta: str = "{}") -> None:
        """Note that a user is there with a socket, or follows a stream with it.

        ``meta``, as JSON text, is what is known about the user in the stream, unless the user is
        there already.
        """
        if self._backend is not None:
            self._members.add(Member(socket, stream, user, int(time.time() * 1000), meta))
            self._write_soon(self._backend)

    def left(self, socket: str, stream: str, *, immediately: bool = False) -> None:
        """Note that a socket doesn't follow a stream any more; harmless for one that did not.

        ``immediately`` is for one that was asked to stop, and so won't come back.
        """
        grace = 0.0 if immediately else realtime_settings().OFFLINE_AFTER
        if self._members.remove(socket, stream, grace) and self._backend is not None:
            self._write_soon(self._backend)

    def ended(self, socket: str) -> None:
        """Note that a socket has ended, which may never have arrived."""
        for stream in self._members.streams_of(socket):
            self.left(socket, stream)

    async def written(self) -> None:
        """Wait until the backend knows who has come and gone."""
        if self._writer is not None:
            await self._writer.written()

    async def set_meta(self, stream: str, user: str, meta: dict[str, Any]) -> None:
        """Set what is known about a user in a stream, also for one who has just arrived.

        Raises what the backend raises.
        """
        if self._backend is not None and self._writer is not None and self._sweeper is not None:
            await self.written()
            await run_sync(self._backend.update, stream, user, meta)
            self._sweeper.soon()

    async def state(self, stream: str) -> Sequence[Present]:
        """Return who is in a stream as its events have it, read after this was called.

        That is nobody where presence is off.
        """
        return (await self._reads.get(stream))[1] if self._backend is not None else ()

    async def _read(self, streams: Mapping[str, int]) -> Mapping[str, Sequence[Present]]:
        assert self._backend is not None
        found: Mapping[str, Sequence[Present]] = await run_sync(self._backend.listed, list(streams))
        return found

    def _write_soon(self, backend: PresenceBackend) -> None:
        if self._writer is None:
            self._sweeper = Sweeper(backend)
            self._writer = Writer(
                backend,
                self._members,
                on_written=self._written,
                on_failure=self._sweeper.hold,
            )
        self._writer.soon()

    async def _written(self, changes: Changes) -> None:
        assert self._sweeper is not None
        self._sweeper.soon()  # In the same thread, with the same connection.
        users = {member.user for member in changes.joins if member.stream == ONLINE}
        if self._on_arrivals is not None and users:
            await self._count(list(users), self._on_arrivals)

    async def _count(self, users: list[str], on_arrivals: OnArrivals) -> None:
        """Have sockets counted; what goes wrong there must not end the writing."""
        assert self._backend is not None
        try:
            on_arrivals(await run_sync(self._backend.sockets_of, users))
        except Exception as error:
            logger.error("sockets not counted users=%d error=%r", len(users), error)


_rosters = PerLoop(Roster)


def running_roster() -> Roster:
    """Return the roster of the running event loop."""
    return _rosters.current()
