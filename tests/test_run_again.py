"""What fails in a run of many tests is run once more alone, and no failure is hidden."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.processes.process import PROJECT

pytestmark = pytest.mark.processes

PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert False\n"
ONCE = """
import os
from pathlib import Path

import pytest


def test_once():
    mark = Path(__file__).with_suffix(".seen")
    if not mark.exists():
        mark.touch()
        {first}
    {then}
"""
FAILS_ONCE = ONCE.format(first="assert False", then="pass")
DIES_ONCE = ONCE.format(first="os._exit(1)", then="pass")
IS_SKIPPED_THEN = ONCE.format(first="assert False", then="pytest.skip()")
HAS_ANOTHER_NAME_THEN = """
import os
import pytest


@pytest.mark.parametrize("number", [os.environ.get("PYTEST_XDIST_WORKER", "alone")])
def test_named_by_chance(number):
    assert number == "alone"
"""


class Runs:
    """Runs tests of these sources; `names` are those that passed only alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names = directory / "names"
        (directory / "pytest.ini").write_text("[pytest]\n")

    def run(self, *sources: str, workers: int) -> int:
        """Run them and return the exit status."""
        tests = self._directory / "tests"
        tests.mkdir()
        for number, source in enumerate(sources):
            (tests / f"test_{number}.py").write_text(source)
        return subprocess.run(
            [PROJECT / "tests" / "run_again", self._names, tests, "-n", str(workers)],
            cwd=self._directory,
            env={"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            | {"PYTEST_PLUGINS": "xdist.plugin"},
            stdout=subprocess.DEVNULL,
            timeout=60,
            check=False,
        ).returncode

    @property
    def names(self) -> str:
        """The names of those that passed only alone."""
        return self._names.read_text() if self._names.exists() else ""


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def test_what_passes_only_alone_is_named(runs):
    assert runs.run(PASSES, FAILS_ONCE, DIES_ONCE, workers=1) == 0
    assert runs.names.count("::test_once") == 2
    assert "test_passes" not in runs.names


def test_all_are_named_of_a_run_that_ended_without_a_word(runs):
    assert runs.run(PASSES, DIES_ONCE, workers=0) == 0
    assert "all of pytest" in runs.names


@pytest.mark.parametrize("source", [FAILS, IS_SKIPPED_THEN], ids=["fails", "is skipped"])
def test_what_does_not_pass_the_second_time_has_failed(runs, source):
    assert runs.run(PASSES, FAILS_ONCE, source, workers=0) == 1
    assert runs.names == ""


def test_what_is_not_found_the_second_time_has_failed(runs):
    assert runs.run(FAILS_ONCE, HAS_ANOTHER_NAME_THEN, workers=1) == 1
    assert runs.names == ""
