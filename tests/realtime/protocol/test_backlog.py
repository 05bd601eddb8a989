import asyncio

from realtime.protocol.backlog import MAX_BURST, MAX_WAITING, Backlog
from tests.processes.waiting import until


class Overflow(list):
    def __call__(self):
        self.append("overflow")


async def test_what_came_at_once_is_no_overflow_while_it_is_being_taken(monkeypatch):
    monkeypatch.setattr("realtime.protocol.backlog.BUSY_AFTER", 0.01)
    overflow = Overflow()
    backlog = Backlog(overflow)
    for _ in range(MAX_WAITING + 20):
        backlog.arrived()
    for _ in range(20):
        backlog.took()
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)
    assert not overflow


async def test_a_busy_application_overflows_at_the_frame_after_the_last_allowed(monkeypatch):
    monkeypatch.setattr("realtime.protocol.backlog.BUSY_AFTER", 0.01)
    overflow = Overflow()
    backlog = Backlog(overflow)
    for _ in range(MAX_WAITING):
        backlog.arrived()
    await asyncio.sleep(0.05)
    assert not overflow
    backlog.arrived()
    await until(lambda: overflow, 2, "it overflowed")


async def test_a_burst_has_a_bound():
    overflow = Overflow()
    backlog = Backlog(overflow)
    for _ in range(MAX_BURST):
        backlog.arrived()
    assert not overflow
    backlog.arrived()
    assert overflow
    backlog.stop()
