"""An agent says whether she takes calls."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from calls.availability import available_agents
from calls.models import AgentStatus
from tests.calls.desks import shown, sit_down


def test_who_is_away_is_not_called_and_all_desks_show_it(
    desk: Client, alice: Any, bob: Any, django_capture_on_commit_callbacks: Any
) -> None:
    sit_down(alice, bob)
    with django_capture_on_commit_callbacks(execute=True):
        response = desk.post("/calls/status/", {"status": "away"})
    assert (response.status_code, response.json()) == (200, {"status": "away"})
    assert [agent.user for agent in available_agents()] == [bob]
    assert shown()[alice.pk] == {"name": "alice", "status": "away"}
    assert shown()[bob.pk] == {"name": "bob", "status": "available"}


def test_who_comes_back_is_idle_since_then(desk: Client, alice: Any) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    AgentStatus.objects.create(user=alice, status="away", idle_since=long_ago)
    assert desk.post("/calls/status/", {"status": "available"}).status_code == 200
    back = AgentStatus.objects.get(user=alice).idle_since
    assert back > timezone.now() - timedelta(minutes=1)
    desk.post("/calls/status/", {"status": "available"})
    assert AgentStatus.objects.get(user=alice).idle_since == back


@pytest.mark.parametrize("status", ["", "busy", "asleep"])
def test_other_words(desk: Client, status: str) -> None:
    response = desk.post("/calls/status/", {"status": status})
    assert (response.status_code, response.json()) == (
        400,
        {"error": "status is available or away."},
    )
