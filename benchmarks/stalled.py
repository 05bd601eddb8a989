"""Stalled readers: their cost for the others and for the server, and what they miss in the end."""

from __future__ import annotations

import asyncio
import re

from picows import WSFrame, WSTransport

from benchmarks.load.conversations import ROOM, Realtime
from benchmarks.load.crowd import TIMEOUT, Crowd
from benchmarks.machine import pss_kib
from benchmarks.running import Running
from benchmarks.workloads import Measured, everyone_receives, paced

STALLED_ONE_IN = 20
"""One of this many sockets stalls."""

PADDING = "x" * 8000
"""Makes events so large that they pass the limit of bytes in flight within seconds."""

SECONDS = 6.5
"""Seconds to pass the limit of 256 KiB, and the 2 s that a proof may take after it."""

WARM_UP = 0.3
"""Seconds of these that are not measured."""

OFFSET = re.compile(rb'"offset":(\d+)')


class Reader(Realtime):
    """Counts the holes in the events of the room."""

    def __init__(self, crowd: Crowd, user: int) -> None:
        super().__init__(crowd, user)
        self.holes = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if payload.startswith(self.event_begins):
            found = OFFSET.search(payload)
            assert found
            offset, position = int(found[1]), self.positions[ROOM]
            self.holes += offset != position["offset"] + 1
            position["offset"] = offset
        super().on_ws_frame(transport, frame)

    def pause(self) -> None:
        """Stop reading."""
        self.transport.underlying_transport.pause_reading()

    def resume(self) -> None:
        """Read again, first what has come meanwhile."""
        self.transport.underlying_transport.resume_reading()


async def stalled(run: Running, sockets: int) -> Measured:
    """Compare the latency of the readers before and while some sockets stall.

    Two calm parts show by how much it differs without that.
    """
    stalling = sockets // STALLED_ONE_IN
    readers = sockets - stalling
    await run.crowd.join(range(1, readers + 1))
    crowd = Crowd(Reader, run.server.port)
    await crowd.join(range(readers + 1, sockets + 1))
    await everyone_receives(run)
    memory = Memory(run)  # In calm parts as well: reading it takes time from the load.
    before, calm = await warm(run), await warm(run)
    memory.stop()
    members: list[Reader] = [member for member in crowd.members if isinstance(member, Reader)]
    for member in members:
        member.pause()
    memory = Memory(run)
    stalled = await warm(run)
    kib = memory.stop() / stalling
    for member in members:
        member.resume()
    await asyncio.wait_for(asyncio.gather(*(m.transport.wait_disconnected() for m in members)), 20)
    await crowd.come_back()
    returned = [member for member in crowd.members if isinstance(member, Reader)]
    run.publish(ROOM)
    await all_have_the_same(returned)
    return {
        "before_p99_ms": before["p99_ms"],
        "calm_p99_ms": calm["p99_ms"],
        "stalled_p99_ms": stalled["p99_ms"],
        "kib_a_stalled": kib,
        "stalled_4413": crowd.closes.count(4413) / stalling,
        "stalled_holes": sum(member.holes for member in [*members, *returned]),
    }


async def warm(run: Running) -> Measured:
    """Measure the latency after a few events that don't count.

    One that comes after a pause takes twice as long, and would be the p99 of so few.
    """
    await paced(run, WARM_UP, padding=PADDING)
    return await paced(run, SECONDS - WARM_UP, padding=PADDING)


class Memory:
    """Watches the highest memory use of a server."""

    def __init__(self, run: Running) -> None:
        self._pid = run.server.pid
        self._before = self._most = pss_kib(self._pid)
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> int:
        """Return the highest growth in KiB."""
        self._task.cancel()
        return self._most - self._before

    async def _watch(self) -> None:
        while True:
            self._most = max(self._most, pss_kib(self._pid))
            await asyncio.sleep(0.25)


async def all_have_the_same(members: list[Reader]) -> None:
    """Wait until all have reached the same position, and stay there for a second."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            offsets = {member.positions[ROOM]["offset"] for member in members}
            await asyncio.sleep(1)
            if len(offsets) == 1 and offsets == {m.positions[ROOM]["offset"] for m in members}:
                return
