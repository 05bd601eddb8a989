"""A process on this machine is known to be gone, one elsewhere is not."""

import subprocess
import sys

from calls.simulator.leases import has_ended, this_process


def test_this_process_is_there() -> None:
    assert not has_ended(this_process())


def test_a_process_that_has_ended() -> None:
    code = "from calls.simulator.leases import this_process; print(this_process())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert has_ended(done.stdout.strip())


def test_nobody_knows_of_another_machine() -> None:
    assert not has_ended("elsewhere.example/1")
    assert not has_ended("")
