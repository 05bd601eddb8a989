"""The commands of a socket: in their order, and what becomes of them at its end."""

import asyncio

import pytest

from realtime.protocol.backlog import BUSY_AFTER, MAX_WAITING
from realtime.sockets.command_queue import FINISH_WITHIN, Command, CommandQueue


class Recorder:
    """A queue, and what its commands did."""

    def __init__(self):
        self.done = []
        self.overflows = 0
        self.may_begin = asyncio.Event()
        self.may_begin.set()
        self.queue = CommandQueue("s1", asyncio.get_running_loop(), self)

    def add(self, name, *, seconds=0.0, kept=False):
        async def run():
            await asyncio.sleep(seconds)
            self.done.append(name)

        self.queue.add(Command(run, kept=kept))

    async def pace(self):
        await self.may_begin.wait()

    def flooded(self):
        self.overflows += 1


@pytest.fixture
async def recorder():
    return Recorder()


async def test_one_after_the_other_in_their_order(recorder):
    recorder.add("slow", seconds=3)
    recorder.add("quick")
    await asyncio.sleep(2)
    assert recorder.done == []
    await asyncio.sleep(2)
    assert recorder.done == ["slow", "quick"]
    assert recorder.queue.runner is None
    recorder.add("later")
    await asyncio.sleep(1)
    assert recorder.done == ["slow", "quick", "later"]


async def test_none_begins_before_the_pace_allows_it(recorder):
    recorder.may_begin.clear()
    recorder.add("paced")
    await asyncio.sleep(100)
    assert recorder.done == []
    recorder.may_begin.set()
    await asyncio.sleep(1)
    assert recorder.done == ["paced"]


async def test_one_that_fails_leaves_the_next_ones_a_runner(recorder):
    async def fail():
        raise ZeroDivisionError

    recorder.queue.add(Command(fail))
    with pytest.raises(ZeroDivisionError):
        await recorder.queue.runner
    recorder.add("next")
    await asyncio.sleep(1)
    assert recorder.done == ["next"]


async def test_too_many_behind_a_busy_one_overflow(recorder):
    recorder.add("busy", seconds=60)
    await asyncio.sleep(0.1)
    for number in range(MAX_WAITING):
        recorder.add(number)
    await asyncio.sleep(2 * BUSY_AFTER)
    assert recorder.overflows == 0
    recorder.add("one too many")
    await asyncio.sleep(2 * BUSY_AFTER)
    assert recorder.overflows == 1


async def test_after_the_end_only_what_is_kept_is_carried_out(recorder):
    recorder.add("present", seconds=1)
    recorder.add("kept", kept=True)
    recorder.add("dropped")
    recorder.add("kept too", kept=True)
    await asyncio.sleep(0.1)
    recorder.queue.end()
    recorder.queue.end()
    await asyncio.sleep(2)
    assert recorder.done == ["kept", "kept too"]
    assert recorder.queue.runner is None


async def test_what_is_kept_and_under_way_goes_on(recorder):
    recorder.add("under way", seconds=2, kept=True)
    await asyncio.sleep(1)
    recorder.queue.end()
    await asyncio.sleep(2)
    assert recorder.done == ["under way"]


async def test_what_takes_too_long_after_the_end_is_broken_off_and_logged(recorder, caplog):
    recorder.add("endless", seconds=3600, kept=True)
    recorder.add("behind it", kept=True)
    await asyncio.sleep(1)
    recorder.queue.end()
    await asyncio.sleep(FINISH_WITHIN - 0.1)
    assert "broken off" not in caplog.text
    await asyncio.sleep(0.2)
    assert "broken off socket=s1 commands=2" in caplog.text
    assert recorder.done == [] and recorder.queue.runner is None


async def test_what_is_cleared_never_begins(recorder):
    recorder.add("under way", seconds=1)
    recorder.add("cleared")
    await asyncio.sleep(0.1)
    recorder.queue.clear()
    await asyncio.sleep(5)
    assert recorder.done == ["under way"]
