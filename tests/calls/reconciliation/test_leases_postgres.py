"""Several processes sweep one database: each call is asked for once, by one of them."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping

import pytest

from tests.processes.process import PROJECT
from tests.processes.site import prepare_database

CALLS = 30


def sweeper(env: Mapping[str, str], *arguments: str) -> "subprocess.Popen[str]":
    """Start a process that is ready to sweep."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.calls.reconciliation.sweeper", *arguments],
        cwd=PROJECT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.processes
def test_two_processes_ask_once_for_each_call(postgres_url: str, site_env: dict[str, str]) -> None:
    env = {**site_env, "DATABASE_URL": postgres_url}
    prepare_database(env)
    processes = [sweeper(env, str(CALLS)), sweeper(env)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=100)[0] for process in processes]
    first, second = ([sid for sid, *_ in json.loads(output)] for output in outputs)
    assert first and second
    assert Counter(first + second) == Counter(f"CA{number}" for number in range(CALLS))
