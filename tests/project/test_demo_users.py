"""The users whose password everybody knows are for a site at home."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from calls.agents import agents as all_agents
from calls.management.commands import create_agent
from project.demo_users import complaints
from tests.project.environment import PUBLIC, python


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_they_are_not_made_where_others_can_reach_the_site(db: None, settings: Any) -> None:
    settings.AT_HOME = False
    with pytest.raises(CommandError, match="use create_agent"):
        call_command("create_demo_users")
    assert not get_user_model().objects.exists()


def test_those_that_are_there_are_named(db: None, settings: Any) -> None:
    call_command("create_demo_users")
    assert complaints() == []
    settings.AT_HOME = False
    alice, bob, sue = get_user_model().objects.order_by("username")
    assert [sentence.split()[0] for sentence in complaints()] == ["alice", "bob", "sue"]
    sue.delete()
    alice.set_password("a good password")
    alice.save()
    bob.is_active = False
    bob.save()
    assert complaints() == []


@pytest.fixture
def brought_from_home(tmp_path: Path, site_database: Path) -> dict[str, str]:
    """A site on the Internet with the database of one at home."""
    database = shutil.copyfile(site_database, tmp_path / "db.sqlite3")
    return {**PUBLIC, "DATABASE_URL": f"sqlite:///{database}"}


STARTS = {
    "demo": ["manage.py", "demo"],
    "check": ["manage.py", "check", "--deploy"],
    "daphne": ["-m", "daphne", "-p", "0", "project.asgi:application"],
    "uvicorn": ["-m", "uvicorn", "--port", "0", "project.asgi:application"],
}


@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS.keys())
def test_nothing_starts_a_site_with_them(
    brought_from_home: dict[str, str], command: list[str]
) -> None:
    done = python(*command, PORT="0", **brought_from_home)
    assert done.returncode != 0
    assert "alice has the demo's password" in done.stdout
    assert "manage.py changepassword alice" in done.stdout


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed at the next questions."""
    answers: list[str] = []
    monkeypatch.setattr(create_agent, "getpass", lambda question: answers.pop(0))
    return answers


def test_an_agent_is_made(db: None, typed: list[str], capsys: Any) -> None:
    typed += ["correct horse battery", "correct horse battery"]
    call_command("create_agent", "carol")
    assert authenticate(username="carol", password="correct horse battery") in all_agents()
    assert "carol is an agent" in capsys.readouterr().out


def test_a_user_becomes_an_agent_and_keeps_the_password(db: None, typed: list[str]) -> None:
    get_user_model().objects.create_user("carol", password="correct horse battery")
    call_command("create_agent", "carol")
    assert authenticate(username="carol", password="correct horse battery") in all_agents()


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("demo", "demo", "too short"),
        ("carol", "carol", "too similar to the username"),
        ("password1", "password1", "too common"),
        ("correct horse battery", "another", "two passwords"),
    ],
)
def test_a_weak_password_makes_no_agent(
    db: None, typed: list[str], first: str, second: str, words: str
) -> None:
    typed += [first, second]
    with pytest.raises(CommandError, match=words):
        call_command("create_agent", "carol")
    assert not get_user_model().objects.exists()
