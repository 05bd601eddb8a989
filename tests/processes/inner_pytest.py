"""Pytest in a process of its own, for what is chosen at its start: a database, a user model."""

import os
import subprocess
import sys

from tests.processes.process import PROJECT

HANG_LIMIT = ["-o", "faulthandler_timeout=60", "-o", "faulthandler_exit_on_timeout=true"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *HANG_LIMIT]


def pass_all(*arguments: str | os.PathLike[str], **env: str) -> None:
    """Run tests with `env` added to the environment; fail unless all pass and none is skipped."""
    done = subprocess.run(
        [*PYTEST, *arguments],
        env={**os.environ, **env},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
