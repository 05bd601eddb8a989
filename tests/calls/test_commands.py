"""The commands that prepare the demo."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from calls.agents import agents as all_agents


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_demo_has_two_agents(db: None) -> None:
    call_command("create_demo_users")
    assert [user.username for user in all_agents()] == ["alice", "bob"]
    assert authenticate(username="bob", password="demo")


def test_creating_them_again_changes_nothing(db: None) -> None:
    call_command("create_demo_users")
    alice = get_user_model().objects.get(username="alice")
    alice.set_password("changed")
    alice.save()
    call_command("create_demo_users")
    assert authenticate(username="alice", password="changed")
    assert get_user_model().objects.count() == 3


@pytest.fixture
def unserved(monkeypatch: pytest.MonkeyPatch) -> None:
    # Serving replaces the process, which here is pytest.
    monkeypatch.setattr("project.management.commands.demo.serve", lambda: pytest.fail("it serves"))


def test_a_taken_port_is_named_before_anything_is_done(
    db: None, settings: Any, unserved: None, taken_port: int
) -> None:
    settings.PORT = taken_port
    with pytest.raises(CommandError, match=f"127.0.0.1:{taken_port} can't be served"):
        call_command("demo")
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize(("name", "value"), [("HOST", "no such host"), ("PORT", 99999)])
def test_an_address_that_can_not_be_served(
    settings: Any, unserved: None, name: str, value: Any
) -> None:
    setattr(settings, name, value)
    with pytest.raises(CommandError, match=f"{value}.* can't be served"):
        call_command("demo")
