"""Each process has a name of its own, a forked one too."""

import os

import pytest

from realtime.concurrency.process import process_id


def test_a_process_keeps_its_name():
    assert process_id() == process_id()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_a_forked_child_has_another_name():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, process_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    named = os.read(reader, 100).decode()
    assert len(named) == len(process_id()) == 32
    assert named != process_id()
