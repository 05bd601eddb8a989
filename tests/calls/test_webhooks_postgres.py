"""Many changes of one call at the same moment, on PostgreSQL and its real row locks."""

import json
import subprocess
import sys

import pytest

from calls.states import State, refusal
from tests.processes.process import PROJECT

ROUNDS = 4


@pytest.mark.processes
def test_twenty_changes_at_the_same_moment(postgres_url: str, site_env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.calls.concurrent_changes", str(ROUNDS)],
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
    assert len(outcome["webhooks"]) == len(outcome["claims"]) == ROUNDS
    for call in outcome["webhooks"]:
        assert call["answers"] == [204] * 20
        assert (call["state"], call["sequence"]) == ("completed", 3)
        # Each change was signalled once, in order, and each was a move that a call may make.
        assert [version for version, _, _ in call["changes"]] == [*range(1, call["version"] + 1)]
        states = [State(state) for _, state, _ in call["changes"]]
        assert not any(map(refusal, states, states[1:]))
        instants = [at for _, _, at in call["changes"]]
        assert instants == sorted(instants)
    for winners in outcome["claims"]:
        assert winners in (["alice"], ["bob"])
    assert outcome["placed"] == [1] * ROUNDS
    for effects, *answers in outcome["actions"]:
        assert effects == 1
        assert set(answers) <= {201, 409}
