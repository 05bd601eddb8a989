"""Users as Django has them: a process for each user model, since it is chosen at start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

HANG_LIMIT = ["-o", "faulthandler_timeout=30", "-o", "faulthandler_exit_on_timeout=true"]
PYTEST = [sys.executable, "-m", "pytest", "-q", *HANG_LIMIT]
USERS = Path(__file__).parents[1] / "users"
MODELS = [
    "auth.User",
    "users.EmailUser",
    "users.UUIDUser",
    "users.TextUser",
    "users.DecimalUser",
    "users.PersonUser",
    "users.AccountUser",
]


def run(model, file):
    done = subprocess.run(
        [*PYTEST, USERS / file],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.users.settings",
            "USER_MODEL": model,
        },
        cwd=USERS.parents[1],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


@pytest.mark.parametrize("model", MODELS)
def test_every_user_has_a_stream_which_goes_with_the_user(model):
    run(model, "every_model.py")


def test_only_what_is_a_user_is_forgotten():
    run("users.EmailUser", "relatives.py")
