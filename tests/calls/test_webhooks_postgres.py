"""Many webhooks for one call at the same moment, on PostgreSQL and its real row locks."""

import json
import subprocess
import sys

import pytest

from calls.states import State, refusal
from tests.processes.process import PROJECT

ROUNDS = 10


@pytest.mark.processes
def test_twenty_webhooks_at_once_end_in_the_right_state(
    postgres_url: str, site_env: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.calls.twenty_webhooks", str(ROUNDS)],
        cwd=PROJECT,
        env={**site_env, "DATABASE_URL": postgres_url},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["vendor"] == "postgresql"
    assert len(outcome["results"]) == ROUNDS
    for result in outcome["results"]:
        assert result["answers"] == [204] * 20
        assert (result["state"], result["sequence"]) == ("completed", 3)
        # Each change was told of once, in order, and each was a move that a call may make.
        assert [version for version, _ in result["told"]] == [*range(1, result["version"] + 1)]
        states = [State(state) for _, state in result["told"]]
        assert not any(map(refusal, states, states[1:]))
