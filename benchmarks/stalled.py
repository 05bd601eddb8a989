"""Readers that stall: what they cost the others and the server, and what they get in the end."""

from __future__ import annotations

import asyncio
import re

from picows import WSFrame, WSTransport

from benchmarks.load.conversations import ROOM, Realtime
from benchmarks.load.crowd import PATIENCE, Crowd
from benchmarks.machine import pss_kib
from benchmarks.running import Running
from benchmarks.workloads import Measured, everyone_hears, paced

SHARE = 20
"""One of so many sockets stalls."""

PADDING = "x" * 8000
"""Makes events so large that the limit of what is in flight is passed within seconds."""

SECONDS = 6.5
"""Until the limit of 256 KiB is passed, and the 2 s after it that a proof may take."""

OFFSET = re.compile(rb'"offset":(\d+)')


class Reader(Realtime):
    """Keeps count of the events of the room, and notes when one is missing."""

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
        """Read no more."""
        self.transport.underlying_transport.pause_reading()

    def go_on(self) -> None:
        """Read what has come meanwhile."""
        self.transport.underlying_transport.resume_reading()


async def stalled(run: Running, sockets: int) -> Measured:
    """Compare the latency of those who read without and with those who don't."""
    stalling = sockets // SHARE
    readers = sockets - stalling
    await run.crowd.join(range(1, readers + 1))
    crowd = Crowd(Reader, run.server.port)
    await crowd.join(range(readers + 1, sockets + 1))
    await everyone_hears(run)
    calm = await paced(run, SECONDS, padding=PADDING)
    members: list[Reader] = [member for member in crowd.members if isinstance(member, Reader)]
    for member in members:
        member.pause()
    memory = Memory(run)
    stalled = await paced(run, SECONDS, padding=PADDING)
    kib = memory.stop() / stalling
    for member in members:
        member.go_on()
    await asyncio.wait_for(asyncio.gather(*(m.transport.wait_disconnected() for m in members)), 20)
    await crowd.come_back()
    returned = [member for member in crowd.members if isinstance(member, Reader)]
    run.publish(ROOM)
    await all_have_the_same(returned)
    return {
        "calm_p99_ms": calm["p99_ms"],
        "stalled_p99_ms": stalled["p99_ms"],
        "kib_a_stalled": kib,
        "stalled_4413": crowd.closes.count(4413) / stalling,
        "stalled_holes": sum(member.holes for member in [*members, *returned]),
    }


class Memory:
    """Watches how far the memory of a server grows."""

    def __init__(self, run: Running) -> None:
        self._pid = run.server.pid
        self._before = self._most = pss_kib(self._pid)
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> int:
        """Return the most that was added, in KiB."""
        self._task.cancel()
        return self._most - self._before

    async def _watch(self) -> None:
        while True:
            self._most = max(self._most, pss_kib(self._pid))
            await asyncio.sleep(0.25)


async def all_have_the_same(members: list[Reader]) -> None:
    """Wait until all have come to the same place, which is further than where they stalled."""
    async with asyncio.timeout(PATIENCE):
        while True:
            offsets = {member.positions[ROOM]["offset"] for member in members}
            await asyncio.sleep(1)
            if len(offsets) == 1 and offsets == {m.positions[ROOM]["offset"] for m in members}:
                return
