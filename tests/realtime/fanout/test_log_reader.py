"""Reads of the log: those that come during another one are joined."""

import asyncio

import pytest

from realtime.concurrency.joined_reads import BATCH_SIZE
from realtime.exceptions import PositionLost
from realtime.fanout.log_reader import PAGE_SIZE, LogReader
from tests.virtual_time import settle


@pytest.fixture
def reader(log):
    return LogReader(log)


async def started(*coroutines):
    """Start them, and let each come as far as it can."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    await settle()
    return tasks


def offsets(events):
    return [event.offset for event in events]


async def test_reads_that_come_during_another_one_are_one(log, reader):
    log.answers.clear()
    names = [f"user.{number}" for number in range(5)]
    tasks = await started(*(reader.position(name) for name in names), reader.position("user.0"))
    log.answers.set()
    positions = await asyncio.gather(*tasks)
    assert log.asked("positions") == [names]
    assert positions[0] == positions[-1]


async def test_an_answer_is_of_a_read_that_began_after_the_question(log, reader):
    log.answers.clear()
    [early] = await started(reader.position("user.1"))
    [late] = await started(reader.position("user.1"))
    log.write("user.1", "n")
    log.answers.set()
    await asyncio.gather(early, late)
    assert log.asked("positions") == [["user.1"], ["user.1"]]
    assert late.result().offset == 1


async def test_a_read_that_never_ends_is_given_up_and_the_next_ones_are_answered(log, reader):
    log.answers.clear()
    [hanging] = await started(reader.position("user.1"))
    [behind] = await started(reader.position("user.2"))
    with pytest.raises(TimeoutError):
        await hanging
    log.answers.set()
    assert (await behind).offset == 0


async def test_one_read_asks_for_a_batch_at_most(log, reader):
    streams = [f"user.{number}" for number in range(BATCH_SIZE + 1)]
    await asyncio.gather(*(reader.position(stream) for stream in streams))
    assert [len(names) for names in log.asked("positions")] == [BATCH_SIZE, 1]


async def test_each_caller_gets_the_error_and_the_next_read_is_tried(log, reader):
    log.error = ConnectionError("away")
    tasks = await started(reader.position("user.1"), reader.position("user.2"))
    for task in tasks:
        with pytest.raises(ConnectionError, match="away"):
            await task
    log.error = None
    assert (await reader.position("user.1")).offset == 0


async def test_a_caller_that_gives_up_leaves_the_others_their_answer(log, reader):
    log.answers.clear()
    await started(reader.position("user.9"))
    first, second = await started(reader.position("user.1"), reader.position("user.1"))
    first.cancel()
    log.answers.set()
    assert (await second).offset == 0
    assert first.cancelled()


async def test_those_who_miss_different_amounts_share_a_read_from_the_lowest(log, reader):
    log.write("user.1", *range(4))
    after = log.start("user.1")
    reads = [reader.events("user.1", after._replace(offset=offset)) for offset in (3, 1, 2)]
    assert [offsets(events) for events in await asyncio.gather(*reads)] == [[4], [2, 3, 4], [3, 4]]
    assert log.asked("read") == [{"user.1": 1}]


async def test_one_far_ahead_of_a_shared_page_reads_again(log, reader):
    log.write("user.1", *range(PAGE_SIZE + 10))
    after = log.start("user.1")
    first, second = await started(
        reader.events("user.1", after),
        reader.events("user.1", after._replace(offset=PAGE_SIZE + 5)),
    )
    assert offsets(await first) == list(range(1, PAGE_SIZE + 1))
    assert offsets(await second) == list(range(PAGE_SIZE + 6, PAGE_SIZE + 11))
    assert log.asked("read") == [{"user.1": 0}, {"user.1": PAGE_SIZE + 5}]


async def test_at_the_top_there_is_nothing(log, reader):
    log.write("user.1", "n")
    assert await reader.events("user.1", log.top("user.1")) == []


async def test_events_are_read_up_to_the_first_one_missing(log, reader):
    log.write("user.1", 1, 2, 3)
    log.lose("user.1", 2)
    after = log.start("user.1")
    assert offsets(await reader.events("user.1", after)) == [1]
    with pytest.raises(PositionLost):
        await reader.events("user.1", after._replace(offset=1))


async def test_a_position_of_another_epoch_is_lost(log, reader):
    log.write("user.1", 1)
    after = log.start("user.1")
    log.forget("user.1")
    with pytest.raises(PositionLost):
        await reader.events("user.1", after)


async def test_a_new_epoch_begins_once(log, reader):
    old = log.start("user.1")
    first, second = await asyncio.gather(*(reader.new_epoch("user.1", old.epoch) for _ in range(2)))
    assert first == second
    assert first.epoch != old.epoch
