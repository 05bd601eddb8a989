"""What the agents' streams are told of a call."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from calls.models import Call
from tests.calls.twilio_webhooks import Poster


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    events: list[tuple[Any, ...]] = []

    def publish(to: Any, name: str, data: Any, *, key: str) -> None:
        events.append(([user.username for user in to], name, data, key))

    monkeypatch.setattr("calls.receivers.publish", publish)
    return events


def test_every_change_is_published_to_every_agent(
    published: list[tuple[Any, ...]], twilio: Poster, agents: None, bob: Any
) -> None:
    get_user_model().objects.create_user("carol")
    twilio.voice()
    twilio.leg("bob", "in-progress", 2)
    call = Call.objects.get()
    assert [(to, name, key) for to, name, _, key in published] == [
        (["alice", "bob"], "call.state", f"call.{call.pk}.1"),
        (["alice", "bob"], "call.state", f"call.{call.pk}.2"),
    ]
    rang, answered = (data for _, _, data, _ in published)
    assert (rang["state"], rang["previous"], rang["answered_by"]) == ("ringing", None, None)
    assert answered == {**call.data(), "previous": "ringing"}


def test_a_repeated_webhook_publishes_nothing(
    published: list[tuple[Any, ...]], twilio: Poster, agents: None
) -> None:
    twilio.voice()
    twilio.voice()
    assert len(published) == 1
