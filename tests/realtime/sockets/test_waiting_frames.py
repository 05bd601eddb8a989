"""When frames that wait for an application are too many, on a loop's clock."""

import asyncio

import pytest

from realtime.sockets.waiting_frames import WaitingFrames


class Application:
    """The instants at which it was given up."""

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.overflows = []
        self.waiting = WaitingFrames(self._loop, self._overflow)

    def _overflow(self):
        self.overflows.append(self._loop.time() - self._began)
        self.waiting.stop()

    def arrive(self, frames):
        for _ in range(frames):
            self.waiting.arrived()


@pytest.fixture
async def application():
    return Application()


async def test_32_frames_may_wait_as_long_as_it_takes(application):
    application.arrive(32)
    await asyncio.sleep(1000)
    assert application.overflows == []


async def test_one_more_is_too_many_if_none_is_taken_for_half_a_second(application):
    application.arrive(33)
    await asyncio.sleep(1000)
    assert application.overflows == [pytest.approx(0.5)]


async def test_more_may_wait_for_an_application_that_takes_them(application):
    application.arrive(200)
    for _ in range(200):
        await asyncio.sleep(0.4)
        application.waiting.took()
    await asyncio.sleep(1000)
    assert application.overflows == []


async def test_one_that_stops_taking_them_is_given_up(application):
    application.arrive(100)
    await asyncio.sleep(0.4)
    application.waiting.took()
    await asyncio.sleep(1000)
    assert application.overflows == [pytest.approx(1.0)]


async def test_a_burst_of_256_may_come_and_of_257_not(application):
    application.arrive(256)
    assert application.overflows == []
    application.arrive(1)
    assert application.overflows == [0]


async def test_nothing_is_checked_after_the_end(application):
    application.arrive(33)
    application.waiting.stop()
    await asyncio.sleep(1000)
    assert application.overflows == []
