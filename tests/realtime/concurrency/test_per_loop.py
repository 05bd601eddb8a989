"""What exists once for each event loop."""

import asyncio

import pytest

from realtime.concurrency.per_loop import PerLoop


def test_each_loop_has_one_of_its_own():
    per_loop = PerLoop(object)

    async def twice():
        return per_loop.current(), per_loop.current()

    first, second = asyncio.run(twice()), asyncio.run(twice())
    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_what_belongs_to_a_closed_loop_is_dropped():
    class Value:
        left = 0

        def __del__(self):
            Value.left += 1

    per_loop = PerLoop(Value)

    async def use():
        per_loop.current()

    for _ in range(3):
        asyncio.run(use())
    assert Value.left == 2, "all but that of the last loop"


def test_without_a_loop_there_is_none():
    with pytest.raises(RuntimeError):
        PerLoop(object).current()
