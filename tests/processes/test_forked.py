"""Forks of a Python that has imported much are like processes that were started on their own."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes.forked import FORK_SERVERS, Forked
from tests.processes.site import run_python, site_environment
from tests.processes.waiting import wait_until

pytestmark = pytest.mark.processes


@pytest.fixture
def env() -> dict[str, str]:
    return site_environment("for tests")


def asked(env: dict[str, str], code: str) -> str:
    return run_python(env, "manage.py", "shell", "--no-imports", "-c", code).strip()


def test_the_environment_is_its_own(env: dict[str, str]) -> None:
    code = "import os; print(os.environ['OWN'], 'HOME' in os.environ)"
    env.pop("HOME", None)
    assert asked(env | {"OWN": "1"}, code) == "1 False"
    assert asked(env | {"OWN": "2"}, code) == "2 False"


@pytest.mark.parametrize("code", ["print(hash('a'))", "import random; print(random.random())"])
def test_one_and_the_next_agree_by_chance_in_nothing(env: dict[str, str], code: str) -> None:
    assert asked(env, code) != asked(env, code)


def test_a_failure_comes_with_what_was_said(env: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="No module"):
        run_python(env, "-m", "nowhere")


def test_it_runs_until_it_is_killed(env: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = FORK_SERVERS.start(["-m", "http.server", "0"], env, log)
    assert isinstance(process, Forked)
    wait_until(lambda: "Serving" in log.read_text(), 10, "it serves")
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0)
    process.kill()
    assert process.wait(10) == process.poll() == -signal.SIGKILL
