"""The contract's suite on PostgreSQL, and what may collide there with the strictest isolation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

SERIALIZABLE = "?options=-c%20default_transaction_isolation%3Dserializable&server_side_binding=true"
RUNS = {
    "as Django sets it": ("", "database"),
    "serializable, server-side binding": (SERIALIZABLE, "database and (many or batch or killed)"),
}

HANG_LIMIT = ["-o", "faulthandler_timeout=60", "-o", "faulthandler_exit_on_timeout=true"]
PYTEST = [sys.executable, "-m", "pytest", "-q", *HANG_LIMIT]


@pytest.mark.processes
@pytest.mark.parametrize(("options", "chosen"), RUNS.values(), ids=RUNS)
def test_the_contract_on_postgresql(postgres_url, options, chosen):
    done = subprocess.run(
        [*PYTEST, "-m", "not processes", "-k", chosen, HERE / "test_contract.py"],
        env={**os.environ, "DATABASE_URL": postgres_url + options},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
