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
    assert get_user_model().objects.count() == 2


def test_a_taken_port_is_named_before_anything_is_done(
    db: None, settings: Any, taken_port: int
) -> None:
    settings.PORT = taken_port
    with pytest.raises(CommandError, match=f"127.0.0.1:{taken_port} can't be served"):
        call_command("demo")
    assert not get_user_model().objects.exists()


def test_a_host_that_is_not_this_machine(settings: Any) -> None:
    settings.HOST = "no such host"
    with pytest.raises(CommandError, match=r"no such host:.* can't be served"):
        call_command("demo")
