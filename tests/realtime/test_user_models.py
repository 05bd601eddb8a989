"""Users as Django has them: a process for each user model, since it is chosen at start."""

from pathlib import Path

import pytest

from tests.processes.inner_pytest import pass_all

pytestmark = pytest.mark.processes

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
    pass_all(USERS / file, DJANGO_SETTINGS_MODULE="tests.users.settings", USER_MODEL=model)


@pytest.mark.parametrize("model", MODELS)
def test_every_user_has_a_stream_which_goes_with_the_user(model):
    run(model, "every_model.py")


def test_only_what_is_a_user_is_forgotten():
    run("users.EmailUser", "relatives.py")


def test_a_user_changes_with_the_parent_of_the_user_model():
    run("users.AccountUser", "parents.py")
