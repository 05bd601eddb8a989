"""The contract's suite on PostgreSQL, as Django sets it and with the strictest isolation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

SERIALIZABLE = "?options=-c%20default_transaction_isolation%3Dserializable&server_side_binding=true"
OPTIONS = {"as Django sets it": "", "serializable, server-side binding": SERIALIZABLE}

HANG_LIMIT = ["-o", "faulthandler_timeout=30", "-o", "faulthandler_exit_on_timeout=true"]
PYTEST = [sys.executable, "-m", "pytest", "-q", *HANG_LIMIT]


@pytest.mark.processes
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_all_of_this_on_postgresql(postgres_url, options):
    done = subprocess.run(
        [*PYTEST, "-m", "not processes", "-k", "not memory", HERE],
        env={**os.environ, "DATABASE_URL": postgres_url + options},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
