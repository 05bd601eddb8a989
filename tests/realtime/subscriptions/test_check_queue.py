"""Checks of rights: how many at a time, in which order, and what a failure slows down."""

import asyncio

import pytest

from realtime.subscriptions.check_queue import MAX_CHECKS, PAUSE, SHARE, CheckQueue


class Check:
    running = 0
    most = 0

    def __init__(self, user, done, *, answers=True):
        self.user = user
        self._done = done
        self._answers = answers

    async def check(self):
        Check.running += 1
        Check.most = max(Check.most, Check.running)
        await asyncio.sleep(1)
        Check.running -= 1
        self._done.append(self)
        return self._answers


@pytest.fixture
async def queue():
    Check.most = 0
    return CheckQueue()


async def test_few_are_carried_out_at_a_time(queue):
    done = []
    for user in range(10 * MAX_CHECKS):
        queue.add(Check(user, done), urgent=False)
    await asyncio.sleep(11)
    assert len(done) == 10 * MAX_CHECKS
    assert Check.most == MAX_CHECKS


async def test_one_user_has_a_share_and_others_do_not_wait_for_all_of_it(queue):
    done = []
    for _ in range(100):
        queue.add(Check("many", done), urgent=True)
    await asyncio.sleep(1.5)
    assert len(done) == SHARE
    other = Check("one", done)
    queue.add(other, urgent=True)
    await asyncio.sleep(1.1)
    assert other in done


async def test_those_that_are_urgent_go_first(queue):
    done = []
    for user in range(10 * MAX_CHECKS):
        queue.add(Check(user, done), urgent=False)
    await asyncio.sleep(0.5)
    urgent = Check("urgent", done)
    queue.add(urgent, urgent=True)
    await asyncio.sleep(1.6)
    assert urgent in done and len(done) < 3 * MAX_CHECKS


async def test_urgent_ones_without_an_end_leave_a_turn_to_the_others(queue):
    done = []
    for user in range(100 * MAX_CHECKS):
        queue.add(Check(user, done), urgent=True)
    queue.add(other := Check("other", done), urgent=False)
    await asyncio.sleep(2.1)
    assert other in done


async def test_one_that_waits_is_moved_up_and_not_carried_out_twice(queue):
    done = []
    for user in range(5 * MAX_CHECKS):
        queue.add(last := Check(user, done), urgent=False)
    queue.add(last, urgent=True)
    queue.add(last, urgent=True)
    await asyncio.sleep(1.1)
    assert last in done
    await asyncio.sleep(10)
    assert done.count(last) == 1


async def test_one_that_is_discarded_is_not_carried_out(queue):
    done = []
    checks = [Check(user, done) for user in range(MAX_CHECKS + 1)]
    for check in checks:
        queue.add(check, urgent=False)
    await asyncio.sleep(0.5)
    queue.discard(checks[-1])
    queue.discard(checks[-1])
    await asyncio.sleep(10)
    assert len(done) == MAX_CHECKS


async def test_after_a_failure_there_is_a_pause(queue):
    done = []
    for user in range(10 * MAX_CHECKS):
        queue.add(Check(user, done, answers=False), urgent=False)
    await asyncio.sleep(10 + 9 * PAUSE - 0.01)
    assert len(done) == 9 * MAX_CHECKS
    await asyncio.sleep(0.02)
    assert len(done) == 10 * MAX_CHECKS


async def test_when_all_is_done_nothing_runs(queue):
    before = asyncio.all_tasks()
    queue.add(Check("one", []), urgent=False)
    assert len(asyncio.all_tasks()) == len(before) + 1
    await asyncio.sleep(2)
    assert asyncio.all_tasks() == before
