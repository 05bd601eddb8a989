"""Each process has a name of its own, a forked one too, and so has each event loop of it."""

import asyncio
import os

import pytest

from realtime.concurrency.process import process_id, whole_process_id


def test_a_process_keeps_its_name():
    assert process_id() == process_id()


async def name_in_loop():
    await asyncio.sleep(0)
    return process_id()


def test_each_event_loop_keeps_a_name_of_its_own():
    async def twice():
        return await name_in_loop(), await name_in_loop(), whole_process_id()

    first, second = asyncio.run(twice()), asyncio.run(twice())
    assert first[0] == first[1] != second[0] == second[1]
    assert first[2] == second[2] == process_id()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_a_forked_child_has_another_name():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        first, second = asyncio.run(name_in_loop()), asyncio.run(name_in_loop())
        os.write(writer, f"{process_id()} {first} {second}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    named, first, second = os.read(reader, 200).decode().split()
    assert named == first  # The first event loop has the name of its process.
    assert len({named, second, process_id()}) == 3
    assert {len(named), len(second)} == {32}
